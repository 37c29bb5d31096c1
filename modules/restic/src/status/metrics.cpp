#include "status/metrics.h"

#include "agents/agent_store.h"
#include "core/db/database.h"

namespace restic {

using core::db::Context;
using core::db::Database;
using core::db::Transaction;
using core::metrics::Kind;
using core::metrics::Sample;

namespace {

/// A statement's two forms: for a tenant, named by $1, and for all of them. It returns tenant, label, value.
struct Numbers {
    std::string label;
    std::string ofTenant;
    std::string ofAll;
};

Numbers numbers(std::string label, const std::string& select, const std::string& table,
                const std::string& condition, const std::string& group) {
    const std::string head = "SELECT tenant_id, " + select + " FROM " + table + " WHERE " + condition;
    const std::string tail = group.empty() ? "" : " GROUP BY tenant_id, " + group;
    return {std::move(label), head + " AND tenant_id = $1" + tail, head + tail};
}

core::metrics::Registry::Read reading(Database& database, Numbers numbers) {
    return [&database, numbers = std::move(numbers)](const Context& context) {
        const auto rows = database.read(context, [&](Transaction& tx) {
            return std::holds_alternative<core::TenantContext>(context)
                       ? tx.query(numbers.ofTenant, {tx.tenant()})
                       : tx.query(numbers.ofAll);
        });
        std::vector<Sample> samples;
        for (const auto& row : rows)
            samples.push_back(
                {{{numbers.label, row.text(1)}}, static_cast<double>(row.integer(2)), row.uuid(0)});
        return samples;
    };
}

/// Those whose numbers are asked for.
std::vector<core::Uuid> tenantsOf(Database& database, const Context& context) {
    if (const auto* tenant = std::get_if<core::TenantContext>(&context))
        return {tenant->tenant()};
    std::vector<core::Uuid> all;
    for (const auto& row : database.read(context, [](Transaction& tx) {
             return tx.query("SELECT DISTINCT tenant_id FROM restic_targets");
         }))
        all.push_back(row.uuid(0));
    return all;
}

/// A warning is no trouble yet; of what nobody has seen nobody can say anything.
core::metrics::Registry::Read readHealth(Database& database, StatusService& status) {
    return [&database, &status](const Context& context) {
        std::vector<Sample> samples;
        for (const auto& tenant : tenantsOf(database, context))
            for (const auto& target : status.list(core::TenantContext(tenant), std::nullopt))
                if (target.status != "unknown" && target.status != "disabled")
                    samples.push_back(
                        {{{"target", target.name}}, target.status == "unhealthy" ? 0.0 : 1.0, tenant});
        return samples;
    };
}

} // namespace

void registerMetrics(core::metrics::Registry& registry, Database& database, StatusService& status) {
    registry.collect("restic_target_healthy",
                     "Whether a target is well; none for one that nobody has seen yet", Kind::gauge,
                     readHealth(database, status));
    registry.collect(
        "restic_agents", "Agents by status", Kind::gauge,
        reading(database, numbers("status", "status, count(*)", "restic_agents a",
                                  std::string("revoked_at_us IS NULL AND ") + kRealAgent, "status")));
    registry.collect("restic_open_tasks", "Tasks that have not ended, by status", Kind::gauge,
                     reading(database, numbers("status", "status, count(*)", "restic_tasks",
                                               "status IN ('created', 'queued', 'assigned', 'running', "
                                               "'unreachable')",
                                               "status")));
    registry.collect(
        "restic_target_last_snapshot_timestamp_seconds",
        "When the newest snapshot of a target was taken, since 1970; 0 if there is none", Kind::gauge,
        reading(database,
                numbers("target", "name, CAST(COALESCE(latest_snapshot_at_us, 0) / 1000000 AS BIGINT)",
                        "restic_targets", "NOT disabled", "")));
}

} // namespace restic
