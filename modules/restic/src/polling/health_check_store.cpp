#include "polling/health_check_store.h"

#include "core/db/table.h"
#include "core/http/list_query.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
const core::db::Table<HealthCheck>& table() {
    using core::db::column;
    using core::db::Use;
    static const core::db::Table<HealthCheck> columns(
        "restic_health_checks",
        {column("id", &HealthCheck::id, Use::fixed), column("target_id", &HealthCheck::target, Use::fixed),
         column("kind", &HealthCheck::kind), column("healthy", &HealthCheck::healthy),
         column("error", &HealthCheck::error), column("error_message", &HealthCheck::message),
         column("snapshot_age_hours", &HealthCheck::snapshotAgeHours),
         column("duration_ms", &HealthCheck::durationMs), column("checked_at_us", &HealthCheck::checkedAt)});
    return columns;
}
} // namespace

void HealthCheckStore::insert(Transaction& tx, const HealthCheck& check) {
    table().insert(tx, check);
}

std::optional<HealthCheck> HealthCheckStore::latest(Transaction& tx, const Uuid& target,
                                                    std::string_view kind) {
    return table().readFirst(tx.query(table().select() + " WHERE tenant_id = $1 AND target_id = $2 AND kind "
                                                         "= $3 ORDER BY checked_at_us DESC, id DESC LIMIT 1",
                                      {tx.tenant(), target, kind}));
}

std::vector<HealthCheck> HealthCheckStore::list(Transaction& tx, const Uuid& target,
                                                const core::http::PageQuery& page) {
    core::http::ListQuery query(table().select());
    query.where("tenant_id = ?", tx.tenant());
    query.where("target_id = ?", target);
    query.page("checked_at_us", page);
    return table().readAll(query.run(tx));
}

} // namespace restic
