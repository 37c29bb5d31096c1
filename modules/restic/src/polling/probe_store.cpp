#include "polling/probe_store.h"

#include "id_list.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
const std::string kSelect =
    "SELECT kind, next_at_us, claimed_until_us, ended_at_us, good_at_us, error, message, "
    "error_since_us, found, target_id FROM restic_target_probes";

/// When a target that rests is due.
constexpr Instant kNever = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31};

Probe fromRow(const core::db::Row& row) {
    return {row.text(0),
            row.instant(1),
            row.optionalInstant(2),
            row.optionalInstant(3),
            row.optionalInstant(4),
            row.optionalText(5),
            row.optionalText(6),
            row.optionalInstant(7),
            jsonOr(row, 8, core::json::Object())};
}
} // namespace

void ProbeStore::plan(Transaction& tx, const Uuid& target, Instant now) {
    for (const auto kind : {probes::kSnapshots, probes::kStats, probes::kCheck})
        tx.execute(
            "INSERT INTO restic_target_probes (tenant_id, target_id, kind, next_at_us) VALUES ($1, $2, $3, "
            "$4) ON CONFLICT (tenant_id, target_id, kind) DO UPDATE SET next_at_us = $4",
            {tx.tenant(), target, kind, now});
}

void ProbeStore::planAnew(Transaction& tx, const Uuid& repository, Instant now) {
    tx.execute("UPDATE restic_target_probes SET next_at_us = $3 WHERE tenant_id = $1 AND next_at_us < $4 AND "
               "target_id IN "
               "(SELECT id FROM restic_targets WHERE tenant_id = $1 AND repository_id = $2 AND mode = "
               "'direct' AND NOT "
               "disabled)",
               {tx.tenant(), repository, now, kNever});
}

void ProbeStore::rest(Transaction& tx, const Uuid& target) {
    tx.execute("UPDATE restic_target_probes SET next_at_us = $3 WHERE tenant_id = $1 AND target_id = $2",
               {tx.tenant(), target, kNever});
}

void ProbeStore::releaseAll(Transaction& tx) {
    tx.execute(
        "UPDATE restic_target_probes SET claim = NULL, claimed_until_us = NULL WHERE claim IS NOT NULL");
}

bool ProbeStore::hasten(Transaction& tx, const Uuid& target, std::string_view kind, Instant now) {
    return tx.execute(
               "UPDATE restic_target_probes SET next_at_us = $4 WHERE tenant_id = $1 AND target_id = $2 AND "
               "kind = $3 AND next_at_us < $5",
               {tx.tenant(), target, kind, now, kNever}) > 0;
}

std::vector<DueProbe> ProbeStore::due(Transaction& tx, const std::vector<std::string_view>& kinds,
                                      Instant now, std::size_t most, const std::vector<Uuid>& without) {
    core::db::Params params{now, static_cast<std::int64_t>(most)};
    const auto listOf = [&params](const auto& values) {
        std::string list;
        for (const auto& value : values) {
            params.emplace_back(value);
            list += (list.empty() ? "$" : ", $") + std::to_string(params.size());
        }
        return list;
    };
    auto condition = " AND kind IN (" + listOf(kinds) + ")";
    if (!without.empty())
        condition += " AND tenant_id NOT IN (" + listOf(without) + ")";
    // What nobody can open is not read as a whole.
    condition +=
        " AND (kind = 'snapshots' OR EXISTS (SELECT 1 FROM restic_target_probes s WHERE s.tenant_id = "
        "restic_target_probes.tenant_id AND s.target_id = restic_target_probes.target_id AND s.kind = "
        "'snapshots' AND s.good_at_us IS NOT NULL AND s.error IS NULL))";
    std::vector<DueProbe> found;
    for (const auto& row :
         tx.query("SELECT tenant_id, target_id, kind FROM restic_target_probes WHERE next_at_us <= $1 AND "
                  "(claimed_until_us IS NULL OR claimed_until_us < $1)" +
                      condition + " ORDER BY next_at_us LIMIT $2",
                  params))
        found.push_back({row.uuid(0), row.uuid(1), row.text(2)});
    return found;
}

bool ProbeStore::claim(Transaction& tx, const Uuid& target, std::string_view kind, const Uuid& claim,
                       Instant now, Instant until) {
    return tx.execute(
               "UPDATE restic_target_probes SET claim = $4, claimed_until_us = $6, started_at_us = $5 WHERE "
               "tenant_id = $1 AND target_id = $2 AND kind = $3 AND next_at_us <= $5 AND (claimed_until_us "
               "IS NULL OR claimed_until_us < $5)",
               {tx.tenant(), target, kind, claim, now, until}) > 0;
}

void ProbeStore::release(Transaction& tx, const Uuid& target, std::string_view kind, const Uuid& claim) {
    tx.execute(
        "UPDATE restic_target_probes SET claim = NULL, claimed_until_us = NULL WHERE tenant_id = $1 AND "
        "target_id = $2 AND kind = $3 AND claim = $4",
        {tx.tenant(), target, kind, claim});
}

bool ProbeStore::conclude(Transaction& tx, const Uuid& target, std::string_view kind, const Uuid& claim,
                          const ProbeEnd& end) {
    // A target that rests since then stays at rest, and one that was hastened is due at once.
    const std::string common =
        "UPDATE restic_target_probes SET claim = NULL, claimed_until_us = NULL, ended_at_us "
        "= $6, next_at_us = CASE WHEN next_at_us > $5 THEN next_at_us ELSE $7 END, ";
    const std::string which = " WHERE tenant_id = $1 AND target_id = $2 AND kind = $3 AND claim = $4";
    core::db::Params params{tx.tenant(), target, kind, claim, end.startedAt, end.endedAt, end.nextAt};
    if (end.error) {
        params.emplace_back(*end.error);
        params.emplace_back(end.message);
        return tx.execute(common + "error = $8, message = $9, error_since_us = COALESCE(error_since_us, $6)" +
                              which,
                          params) > 0;
    }
    params.emplace_back(end.found);
    return tx.execute(common +
                          "error = NULL, message = NULL, error_since_us = NULL, good_at_us = $6, found = $8" +
                          which,
                      params) > 0;
}

std::optional<Probe> ProbeStore::find(Transaction& tx, const Uuid& target, std::string_view kind) {
    const auto rows = tx.query(kSelect + " WHERE tenant_id = $1 AND target_id = $2 AND kind = $3",
                               {tx.tenant(), target, kind});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::vector<Probe> ProbeStore::of(Transaction& tx, const Uuid& target) {
    return of(tx, std::vector<Uuid>{target})[target];
}

std::map<Uuid, std::vector<Probe>> ProbeStore::of(Transaction& tx, const std::vector<Uuid>& targets) {
    std::map<Uuid, std::vector<Probe>> all;
    if (targets.empty())
        return all;
    for (const auto& row :
         tx.query(kSelect + " WHERE tenant_id = $1 AND target_id IN " + idsIn(tx, "$2") + " ORDER BY kind",
                  {tx.tenant(), idList(targets)}))
        all[row.uuid(9)].push_back(fromRow(row));
    return all;
}

} // namespace restic
