#include "dumps/dump_store.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "core/text.h"
#include "restic/protocol/plugin_settings.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
/// Fewer say nothing of what is usual.
constexpr std::size_t kFewest = 3;

std::string setOf(const protocol::DumpResult& result) {
    return result.set.value_or(protocol::kDefaultSettings);
}

bool isSame(const KnownDump& known, const protocol::DumpResult& result) {
    return known.plugin == result.plugin && known.set == setOf(result) &&
           known.database == result.database.value_or("");
}

std::vector<std::int64_t> sizesIn(const core::db::Row& row, std::size_t column) {
    std::vector<std::int64_t> out;
    try {
        if (const auto value = row.json(column); value.array() != nullptr)
            for (const auto& one : *value.array())
                if (const auto* bytes = one.integer())
                    out.push_back(*bytes);
    } catch (const core::Error&) { // damaged: as if none were known
    }
    return out;
}
} // namespace

std::vector<KnownDump> DumpStore::of(Transaction& tx, const Uuid& target) {
    std::vector<KnownDump> all;
    for (const auto& row :
         tx.query("SELECT plugin, set_name, database_name, state, error, snapshot_id, last_saved_at_us, "
                  "last_tried_at_us, recent_bytes FROM restic_dumps WHERE tenant_id = $1 AND target_id = $2 "
                  "ORDER BY plugin, set_name, database_name",
                  {tx.tenant(), target}))
        all.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.optionalText(4),
                       row.optionalText(5), row.optionalInstant(6), row.instant(7), sizesIn(row, 8)});
    return all;
}

std::vector<DumpStore::OfAgent> DumpStore::ofAgent(Transaction& tx, const Uuid& agent) {
    std::vector<OfAgent> all;
    for (const auto& row : tx.query(
             "SELECT d.plugin, d.set_name, d.database_name, d.state, d.error, d.snapshot_id, "
             "d.last_saved_at_us, d.last_tried_at_us, d.recent_bytes, d.target_id, s.id FROM restic_dumps "
             "d JOIN restic_targets t ON t.tenant_id = d.tenant_id AND t.id = d.target_id LEFT JOIN "
             "restic_snapshots s ON s.tenant_id = d.tenant_id AND s.target_id = d.target_id AND "
             "s.snapshot_id = d.snapshot_id AND s.removed_at_us IS NULL WHERE d.tenant_id = $1 AND "
             "t.agent_id = $2 ORDER BY d.plugin, d.set_name, d.database_name",
             {tx.tenant(), agent}))
        all.push_back({{row.text(0), row.text(1), row.text(2), row.text(3), row.optionalText(4),
                        row.optionalText(5), row.optionalInstant(6), row.instant(7), sizesIn(row, 8)},
                       row.uuid(9),
                       row.optionalUuid(10)});
    return all;
}

void DumpStore::record(Transaction& tx, const Uuid& target, const protocol::DumpResult& result,
                       core::Instant now) {
    const bool saved = result.state == protocol::dump_state::kSaved;
    KnownDump dump{
        result.plugin, setOf(result), result.database.value_or(""), result.state, {}, {}, {}, now, {}};
    for (auto& known : of(tx, target))
        if (isSame(known, result)) {
            dump.snapshotId = known.snapshotId;
            dump.lastSavedAt = known.lastSavedAt;
            dump.recentBytes = std::move(known.recentBytes);
        }
    if (saved) {
        dump.snapshotId = result.snapshotId ? result.snapshotId : result.shortId;
        dump.lastSavedAt = std::min(result.time.value_or(now), now);
        dump.recentBytes.insert(dump.recentBytes.begin(),
                                static_cast<std::int64_t>(result.bytes.value_or(0)));
        if (dump.recentBytes.size() > kSizes)
            dump.recentBytes.resize(kSizes);
    } else if (result.error) {
        dump.error = result.error->message;
    }
    core::json::Array sizes;
    for (const auto bytes : dump.recentBytes)
        sizes.emplace_back(bytes);
    tx.execute(
        "INSERT INTO restic_dumps (tenant_id, target_id, plugin, set_name, database_name, state, error, "
        "snapshot_id, recent_bytes, last_saved_at_us, last_tried_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        "$8, $9, $10, $11) ON CONFLICT (tenant_id, target_id, plugin, set_name, database_name) DO UPDATE SET "
        "state = $6, error = $7, snapshot_id = $8, recent_bytes = $9, last_saved_at_us = $10, "
        "last_tried_at_us = $11",
        {tx.tenant(), target, dump.plugin, dump.set, dump.database, dump.state, dump.error, dump.snapshotId,
         core::json::Value(std::move(sizes)), dump.lastSavedAt, now});
}

void DumpStore::keepOnly(Transaction& tx, const Uuid& target,
                         const std::vector<protocol::DumpResult>& results) {
    std::set<std::tuple<std::string, std::string, std::string>> named;
    std::set<std::pair<std::string, std::string>> unknown; // the plugin could not say what there is
    for (const auto& result : results) {
        named.emplace(result.plugin, setOf(result), result.database.value_or(""));
        if (!result.database)
            unknown.emplace(result.plugin, setOf(result));
    }
    for (const auto& known : of(tx, target))
        if (!named.contains({known.plugin, known.set, known.database}) &&
            !unknown.contains({known.plugin, known.set}))
            tx.execute("DELETE FROM restic_dumps WHERE tenant_id = $1 AND target_id = $2 AND plugin = $3 AND "
                       "set_name = $4 AND database_name = $5",
                       {tx.tenant(), target, known.plugin, known.set, known.database});
}

std::optional<std::string> doubtAboutSize(const protocol::DumpResult& result,
                                          const std::vector<KnownDump>& known) {
    if (result.state != protocol::dump_state::kSaved || !result.bytes)
        return std::nullopt;
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const KnownDump& one) { return isSame(one, result); });
    if (found == known.end() || found->recentBytes.size() < kFewest)
        return std::nullopt;
    auto sizes = found->recentBytes;
    std::sort(sizes.begin(), sizes.end());
    const auto median = static_cast<std::uint64_t>(sizes[sizes.size() / 2]);
    if (*result.bytes >= median / 2)
        return std::nullopt;
    return fmt::format("The dump of {} ({}) has {}; the last ones had about {}.",
                       core::printable(result.database.value_or("")), result.plugin,
                       core::formatBytes(*result.bytes), core::formatBytes(median));
}

} // namespace restic
