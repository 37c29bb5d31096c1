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

std::optional<core::Uuid> AuditStore::tenantAfter(core::db::Transaction& tx,
                                                  const std::optional<core::Uuid>& tenant) {
    const auto rows =
        tx.query("SELECT tenant_id FROM audit_log WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1",
                 {tenant.value_or(core::Uuid())});
    return rows.empty() ? std::nullopt : std::optional(rows[0].uuid(0));
}

std::int64_t AuditStore::erase(core::db::Transaction& tx, const std::optional<core::Uuid>& tenant,
                               core::Instant before, int limit) const {
    // Written out, since no index finds "is the same as NULL".
    const auto whose = [&](core::db::Params& params) -> std::string {
        if (!tenant)
            return "tenant_id IS NULL";
        params.emplace_back(*tenant);
        return "tenant_id = $" + std::to_string(params.size());
    };
    core::db::Params oldest{before};
    const auto rows = tx.query("SELECT id, at_us FROM audit_log WHERE at_us < $1 AND " + whose(oldest) +
                                   " ORDER BY at_us, id LIMIT " + std::to_string(limit),
                               oldest);
    if (rows.empty())
        return 0;
    const auto& last = rows[rows.size() - 1];
    const auto count = static_cast<std::int64_t>(rows.size());
    tx.execute("INSERT INTO audit_anchors (tenant_id, entry_id, at_us, hash, erased, updated_at_us) VALUES "
               "($1, $2, $3, (SELECT hash FROM audit_log WHERE id = $2), $4, $5) ON CONFLICT (tenant_id) DO "
               "UPDATE SET entry_id = excluded.entry_id, at_us = excluded.at_us, hash = excluded.hash, "
               "erased = audit_anchors.erased + excluded.erased, updated_at_us = excluded.updated_at_us",
               {tenant.value_or(core::Uuid()), last.uuid(0), last.instant(1), count, clock_.now()});
    core::db::Params upTo{last.instant(1), last.uuid(0)};
    tx.execute("DELETE FROM audit_log WHERE (at_us, id) <= ($1, $2) AND " + whose(upTo), upTo);
    return count;
}

} // namespace base
