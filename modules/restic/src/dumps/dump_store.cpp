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
const std::string kColumns =
    "d.plugin, d.set_name, d.database_name, d.state, d.error, d.snapshot_id, d.last_saved_at_us, "
    "d.last_tried_at_us, d.recent_bytes, d.verified_at_us, d.verify_error";

KnownDump readDump(const core::db::Row& row) {
    return {row.text(0),
            row.text(1),
            row.text(2),
            row.text(3),
            row.optionalText(4),
            row.optionalText(5),
            row.optionalInstant(6),
            row.instant(7),
            sizesIn(row, 8),
            row.optionalInstant(9),
            row.optionalText(10)};
}
} // namespace

std::vector<KnownDump> DumpStore::of(Transaction& tx, const Uuid& target) {
    std::vector<KnownDump> all;
    for (const auto& row :
         tx.query("SELECT " + kColumns +
                      " FROM restic_dumps d WHERE d.tenant_id = $1 AND d.target_id = $2 ORDER BY d.plugin, "
                      "d.set_name, d.database_name",
                  {tx.tenant(), target}))
        all.push_back(readDump(row));
    return all;
}

std::vector<DumpStore::OfAgent> DumpStore::ofAgent(Transaction& tx, const Uuid& agent) {
    std::vector<OfAgent> all;
    for (const auto& row : tx.query(
             "SELECT " + kColumns +
                 ", d.target_id, s.id, p.name FROM restic_dumps d JOIN restic_targets t ON t.tenant_id = "
                 "d.tenant_id AND t.id = d.target_id LEFT JOIN restic_policies p ON p.tenant_id = "
                 "t.tenant_id AND p.id = "
                 "t.policy_id LEFT JOIN restic_snapshots s ON s.tenant_id = d.tenant_id AND "
                 "s.target_id = d.target_id AND s.snapshot_id = d.snapshot_id AND s.removed_at_us IS NULL "
                 "WHERE d.tenant_id = $1 AND t.agent_id = $2 ORDER BY d.plugin, d.set_name, "
                 "d.database_name, p.name",
             {tx.tenant(), agent}))
        all.push_back({readDump(row), row.uuid(11), row.optionalUuid(12), row.optionalText(13)});
    return all;
}

void DumpStore::record(Transaction& tx, const Uuid& target, const protocol::DumpResult& result,
                       core::Instant now) {
    const bool saved = result.state == protocol::dump_state::kSaved;
    KnownDump dump;
    dump.plugin = result.plugin;
    dump.set = setOf(result);
    dump.database = result.database.value_or("");
    dump.state = result.state;
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

void DumpStore::recordVerified(Transaction& tx, const Uuid& target, const DumpOfSnapshot& dump,
                               const std::optional<std::string>& error, core::Instant now) {
    tx.execute(
        "UPDATE restic_dumps SET verified_at_us = $6, verify_error = $7 WHERE tenant_id = $1 AND target_id "
        "= $2 AND plugin = $3 AND set_name = $4 AND database_name = $5",
        {tx.tenant(), target, dump.plugin, dump.set.value_or(protocol::kDefaultSettings), dump.database, now,
         error});
}

std::optional<std::string> DumpStore::failedTest(Transaction& tx, const Uuid& target) {
    const auto rows =
        tx.query("SELECT database_name || ': ' || verify_error FROM restic_dumps WHERE tenant_id "
                 "= $1 AND target_id = $2 AND verify_error IS NOT NULL ORDER BY plugin, set_name, "
                 "database_name LIMIT 1",
                 {tx.tenant(), target});
    return rows.empty() ? std::nullopt : std::optional(rows[0].text(0));
}

std::vector<DumpStore::Candidate> DumpStore::candidates(Transaction& tx, const Uuid& repository) {
    std::vector<Candidate> all;
    for (const auto& row : tx.query(
             "SELECT t.agent_id, d.target_id, s.id, d.plugin, d.set_name, d.database_name FROM "
             "restic_snapshots s JOIN restic_dumps d ON "
             "d.tenant_id = s.tenant_id AND d.target_id = s.target_id AND d.snapshot_id = s.snapshot_id "
             "JOIN restic_targets t ON t.tenant_id = d.tenant_id AND t.id = d.target_id WHERE s.tenant_id = "
             "$1 AND s.repository_id = $2 AND s.removed_at_us IS NULL AND s.dumps IS NOT NULL AND t.agent_id "
             "IS NOT NULL ORDER BY t.agent_id, COALESCE(d.verified_at_us, 0), d.plugin, d.database_name",
             {tx.tenant(), repository}))
        all.push_back({row.uuid(0), row.uuid(1), row.uuid(2), row.text(3), row.text(4), row.text(5)});
    return all;
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
