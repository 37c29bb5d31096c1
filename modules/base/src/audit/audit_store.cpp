#include "audit/audit_store.h"

#include "core/http/list_query.h"
namespace base {

namespace {

core::db::Param jsonOrNull(const core::json::Value& value) {
    return value.isNull() ? core::db::Param(nullptr) : core::db::Param(value);
}

} // namespace

void AuditStore::write(core::db::Transaction& tx, const core::Uuid* tenant,
                       const core::AuditEntry& entry) const {
    const auto now = clock_.now();
    // A unit that had to cross tenants still belongs to the tenant of whoever asked for it.
    const std::optional<core::Uuid> owner = tenant != nullptr ? std::optional(*tenant) : entry.tenant;
    tx.execute(
        "INSERT INTO audit_log (id, tenant_id, at_us, actor_kind, actor_id, actor_name, address, request_id, "
        "action, object_type, object_id, before, after) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        {core::Uuid::generate(now), owner, now, entry.actorKind, entry.actorId, entry.actorName,
         entry.address, entry.requestId, entry.action, entry.objectType, entry.objectId,
         jsonOrNull(entry.before), jsonOrNull(entry.after)});
}

std::vector<AuditRow> AuditStore::list(core::db::Transaction& tx, const std::optional<core::Uuid>& tenant,
                                       const AuditFilter& filter) const {
    core::http::ListQuery query(
        "SELECT id, tenant_id, at_us, actor_kind, actor_id, actor_name, address, request_id, "
        "action, object_type, object_id, before, after FROM audit_log");
    if (tenant)
        query.where("tenant_id = ?", *tenant);
    if (filter.action)
        query.where("action = ?", *filter.action);
    if (filter.actorId)
        query.where("actor_id = ?", *filter.actorId);
    if (filter.objectType)
        query.where("object_type = ?", *filter.objectType);
    if (filter.objectId)
        query.where("object_id = ?", *filter.objectId);
    if (filter.from)
        query.where("at_us >= ?", *filter.from);
    if (filter.to)
        query.where("at_us < ?", *filter.to);
    query.page("at_us", filter.after, filter.limit);
    const auto rows = query.run(tx);
    std::vector<AuditRow> list;
    list.reserve(rows.size());
    for (const auto& row : rows)
        list.push_back({.id = row.uuid(0),
                        .tenantId = row.optionalUuid(1),
                        .at = row.instant(2),
                        .actorKind = row.text(3),
                        .actorId = row.text(4),
                        .actorName = row.text(5),
                        .address = row.text(6),
                        .requestId = row.text(7),
                        .action = row.text(8),
                        .objectType = row.text(9),
                        .objectId = row.text(10),
                        .before = row.jsonText(11),
                        .after = row.jsonText(12)});
    return list;
}

} // namespace base
