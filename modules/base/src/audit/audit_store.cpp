#include "audit/audit_store.h"

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
    const auto& after = filter.after;
    const auto rows = tx.query(
        "SELECT id, tenant_id, at_us, actor_kind, actor_id, actor_name, address, request_id, action, "
        "object_type, "
        "object_id, before, after FROM audit_log "
        "WHERE ($1::uuid IS NULL OR tenant_id = $1::uuid) AND ($2::text IS NULL OR action = $2::text) "
        "AND ($3::text IS NULL OR actor_id = $3::text) AND ($4::text IS NULL OR object_type = $4::text) "
        "AND ($5::text IS NULL OR object_id = $5::text) AND ($6::bigint IS NULL OR at_us >= $6::bigint) "
        "AND ($7::bigint IS NULL OR at_us < $7::bigint) "
        "AND ($8::bigint IS NULL OR (at_us, id) < ($8::bigint, $9::uuid)) "
        "ORDER BY at_us DESC, id DESC LIMIT $10",
        {tenant, filter.action, filter.actorId, filter.objectType, filter.objectId, filter.from, filter.to,
         after ? std::optional(after->key) : std::nullopt, after ? std::optional(after->id) : std::nullopt,
         filter.limit + 1});
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
