#include "status/exporter_metrics.h"

#include <map>
#include <string>

#include "restic/protocol/task_errors.h"
#include "rows.h"
#include "status/one_scrape.h"

namespace restic {

using core::db::Context;
using core::metrics::Kind;
using core::metrics::Sample;

namespace {
struct Family {
    const char* name;
    const char* help;
};
constexpr Family kCheck{"restic_check_success", "Whether the last check of the repository found no damage"};
constexpr Family kLocks{"restic_locks_total", "Locks in the repository"};
constexpr Family kSize{"restic_size_total", "Bytes that the repository takes up"};
constexpr Family kSnapshots{"restic_snapshots_total", "Snapshots in the repository"};
constexpr Family kScrape{"restic_scrape_duration_seconds", "How long the last look at the repository took"};
constexpr Family kTime{"restic_backup_timestamp",
                       "When the newest snapshot of a host, user and paths was taken"};
constexpr Family kFiles{"restic_backup_files_total", "Files in the newest snapshot"};
constexpr Family kBytes{"restic_backup_size_total", "Bytes in the newest snapshot"};
constexpr Family kBackups{"restic_backup_snapshots_total", "Snapshots of a host, user and paths"};

/// What one scrape says: the samples of each family.
using Scrape = std::map<std::string, std::vector<Sample>>;

void addBackups(Scrape& scrape, const core::Uuid& tenant, const std::string& target,
                const core::json::Value& found) {
    const auto* groups = found.find("groups");
    if (groups == nullptr || groups->array() == nullptr)
        return;
    for (const auto& group : *groups->array()) {
        const core::metrics::Labels labels{{"target", target},
                                           {"client_hostname", group.stringOr("hostname")},
                                           {"client_username", group.stringOr("username")},
                                           {"client_version", ""},
                                           {"snapshot_hash", group.stringOr("hash")},
                                           {"snapshot_tag", group.stringOr("tag")},
                                           {"snapshot_tags", group.stringOr("tags")},
                                           {"snapshot_paths", group.stringOr("paths")}};
        const auto add = [&](const Family& family, std::string_view field) {
            if (const auto value = group.integerOr(field, -1); value >= 0)
                scrape[family.name].push_back({labels, static_cast<double>(value), tenant});
        };
        add(kTime, "time");
        add(kFiles, "files");
        add(kBytes, "bytes");
        add(kBackups, "count");
    }
}

void addTarget(Scrape& scrape, const core::db::Row& row) {
    const auto tenant = row.uuid(0);
    const auto name = row.text(1);
    const auto add = [&](const Family& family, double value) {
        scrape[family.name].push_back({{{"target", name}}, value, tenant});
    };
    add(kSnapshots, static_cast<double>(row.integer(3)));
    if (row.text(2) == "agent") {
        if (const auto at = row.optionalInstant(4))
            scrape[kTime.name].push_back({{{"target", name},
                                           {"client_hostname", row.optionalText(5).value_or("")},
                                           {"client_username", ""},
                                           {"client_version", ""},
                                           {"snapshot_hash", ""},
                                           {"snapshot_tag", ""},
                                           {"snapshot_tags", ""},
                                           {"snapshot_paths", ""}},
                                          static_cast<double>(core::toMicros(*at) / 1'000'000),
                                          tenant});
        return;
    }
    const auto found = jsonOrNull(row, 6);
    if (!row.isNull(7)) // somebody has seen it
        add(kLocks, static_cast<double>(found.integerOr("lock_count")));
    if (const auto began = row.optionalInstant(8), ended = row.optionalInstant(9);
        began && ended && *ended >= *began)
        add(kScrape, std::chrono::duration<double>(*ended - *began).count());
    if (const auto size = jsonOrNull(row, 10).integerOr("size_bytes", -1); size >= 0)
        add(kSize, static_cast<double>(size));
    if (row.optionalText(12) == protocol::task_errors::kRepositoryCorrupted.name)
        add(kCheck, 0);
    else if (!row.isNull(11))
        add(kCheck, 1);
    addBackups(scrape, tenant, name, found);
}

constexpr std::string_view kSelect =
    "SELECT t.tenant_id, t.name, t.mode, t.snapshot_count, t.latest_snapshot_at_us, a.hostname, s.found, "
    "s.good_at_us, "
    "s.started_at_us, s.ended_at_us, z.found, c.good_at_us, c.error FROM restic_targets t "
    "LEFT JOIN restic_agents a ON a.tenant_id = t.tenant_id AND a.id = t.agent_id "
    "LEFT JOIN restic_target_probes s ON s.tenant_id = t.tenant_id AND s.target_id = t.id AND s.kind = "
    "'snapshots' "
    "LEFT JOIN restic_target_probes z ON z.tenant_id = t.tenant_id AND z.target_id = t.id AND z.kind = "
    "'stats' "
    "LEFT JOIN restic_target_probes c ON c.tenant_id = t.tenant_id AND c.target_id = t.id AND c.kind = "
    "'check' "
    "WHERE NOT t.disabled";

Scrape read(core::db::Database& database, const Context& context) {
    const bool ofTenant = std::holds_alternative<core::TenantContext>(context);
    const auto rows = database.read(context, [&](core::db::Transaction& tx) {
        return ofTenant ? tx.query(std::string(kSelect) + " AND t.tenant_id = $1", {tx.tenant()})
                        : tx.query(kSelect);
    });
    Scrape scrape;
    for (const auto& row : rows)
        try {
            addTarget(scrape, row);
        } catch (const core::Error&) { // one row that cannot be read hides no other
        }
    return scrape;
}
} // namespace

void registerExporterMetrics(core::metrics::Registry& registry, core::db::Database& database,
                             const core::Clock& clock) {
    const auto scrape = std::make_shared<OneScrape<Scrape>>(
        clock, [&database](const Context& context) { return read(database, context); });
    for (const auto* family :
         {&kCheck, &kLocks, &kSize, &kSnapshots, &kScrape, &kTime, &kFiles, &kBytes, &kBackups})
        registry.collect(family->name, family->help, Kind::gauge, [scrape, family](const Context& context) {
            return scrape->with(context, [&](const Scrape& all) {
                const auto found = all.find(family->name);
                return found == all.end() ? std::vector<Sample>() : found->second;
            });
        });
}

} // namespace restic
