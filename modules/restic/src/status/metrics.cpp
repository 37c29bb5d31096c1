#include "status/metrics.h"

#include <memory>

#include "agents/agent_store.h"
#include "core/db/database.h"
#include "status/one_scrape.h"

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

/// All targets of those tenants.
using Targets = std::vector<std::pair<core::Uuid, std::vector<TargetStatus>>>;
using Scrape = std::shared_ptr<OneScrape<Targets>>;

/// A warning is no trouble yet; of what nobody has seen nobody can say anything.
core::metrics::Registry::Read readHealth(Scrape scrape) {
    return [scrape = std::move(scrape)](const Context& context) {
        return scrape->with(context, [](const Targets& all) {
            std::vector<Sample> samples;
            for (const auto& [tenant, targets] : all)
                for (const auto& target : targets)
                    if (target.status != "unknown" && target.status != "disabled")
                        samples.push_back(
                            {{{"target", target.name}}, target.status == "unhealthy" ? 0.0 : 1.0, tenant});
            return samples;
        });
    };
}

core::metrics::Registry::Read readLights(Scrape scrape) {
    return [scrape = std::move(scrape)](const Context& context) {
        return scrape->with(context, [](const Targets& all) {
            std::vector<Sample> samples;
            const auto add = [&](const core::Uuid& tenant, const TargetStatus& target, const char* name,
                                 const Light& light) {
                if (light.state == "ok" || light.state == "warning" || light.state == "bad")
                    samples.push_back({{{"target", target.name}, {"light", name}},
                                       light.state == "bad"       ? 2.0
                                       : light.state == "warning" ? 1.0
                                                                  : 0.0,
                                       tenant});
            };
            for (const auto& [tenant, targets] : all)
                for (const auto& target : targets) {
                    add(tenant, target, "backup", target.lights.backup);
                    add(tenant, target, "retention", target.lights.retention);
                    add(tenant, target, "check", target.lights.check);
                    add(tenant, target, "restore_test", target.lights.restoreTest);
                }
            return samples;
        });
    };
}

} // namespace

void registerMetrics(core::metrics::Registry& registry, Database& database, const core::Clock& clock,
                     StatusService& status) {
    const auto scrape =
        std::make_shared<OneScrape<Targets>>(clock, [&database, &status](const Context& context) {
            Targets all;
            for (const auto& tenant : tenantsOf(database, context))
                all.emplace_back(tenant, status.list(core::TenantContext(tenant), std::nullopt));
            return all;
        });
    registry.collect("restic_target_healthy",
                     "Whether a target is well; none for one that nobody has seen yet", Kind::gauge,
                     readHealth(scrape));
    registry.collect("restic_target_light",
                     "A light of a target: 0 well, 1 a warning, 2 bad; none where nothing is known or asked",
                     Kind::gauge, readLights(scrape));
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
