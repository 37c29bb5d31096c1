#include "policies/target_store.h"

#include "core/http/list_query.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
const std::string kSelect = "SELECT id, name, mode, repository_id, agent_id, policy_id, disabled, "
                            "max_age_hours, created_at_us, updated_at_us "
                            "FROM restic_targets";

Target fromRow(const core::db::Row& row) {
    return {row.uuid(0),         row.text(1),         row.text(2),    row.optionalUuid(3),
            row.optionalUuid(4), row.optionalUuid(5), row.boolean(6), row.optionalInteger(7),
            row.instant(8),      row.instant(9)};
}

std::optional<Target> first(const core::db::Rows& rows) {
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}
} // namespace

std::optional<Target> TargetStore::findForLink(Transaction& tx, const Uuid& agent, const Uuid& policy) {
    return first(
        tx.query(kSelect + " WHERE tenant_id = $1 AND agent_id = $2 AND policy_id = $3 AND mode = 'agent'",
                 {tx.tenant(), agent, policy}));
}

std::optional<Target> TargetStore::findByName(Transaction& tx, const std::string& name) {
    return first(tx.query(kSelect + " WHERE tenant_id = $1 AND name = $2", {tx.tenant(), name}));
}

std::vector<Target> TargetStore::all(Transaction& tx) {
    std::vector<Target> targets;
    for (const auto& row : tx.query(kSelect + " WHERE tenant_id = $1 ORDER BY name", {tx.tenant()}))
        targets.push_back(fromRow(row));
    return targets;
}

std::vector<Target> TargetStore::list(Transaction& tx, const core::http::PageQuery& page) {
    core::http::ListQuery query(kSelect);
    query.where("tenant_id = ?", tx.tenant());
    query.page("created_at_us", page);
    std::vector<Target> targets;
    for (const auto& row : query.run(tx))
        targets.push_back(fromRow(row));
    return targets;
}

void TargetStore::takeSeen(Transaction& tx, const Uuid& target, const Uuid& repository) {
    tx.execute("UPDATE restic_snapshots SET target_id = $3 WHERE tenant_id = $1 AND repository_id = $2 AND "
               "backup_run_id IS NULL AND source = 'direct_poll'",
               {tx.tenant(), repository, target});
}

bool TargetStore::isWatched(Transaction& tx, const Uuid& repository) {
    return !tx.query("SELECT 1 FROM restic_targets WHERE tenant_id = $1 AND repository_id = $2 AND mode = "
                     "'direct' "
                     "AND NOT disabled LIMIT 1",
                     {tx.tenant(), repository})
                .empty();
}

std::int64_t TargetStore::countDirect(Transaction& tx) {
    return tx
        .query("SELECT COUNT(*) FROM restic_targets WHERE tenant_id = $1 AND mode = 'direct'",
               {tx.tenant()})[0]
        .integer(0);
}

void TargetStore::insert(Transaction& tx, const Target& t) {
    tx.execute(
        "INSERT INTO restic_targets (id, tenant_id, name, mode, repository_id, agent_id, policy_id, "
        "disabled, "
        "max_age_hours, created_at_us, updated_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        {t.id, tx.tenant(), t.name, t.mode, t.repository, t.agent, t.policy, t.disabled, t.maxAgeHours,
         t.createdAt, t.updatedAt});
}

void TargetStore::update(Transaction& tx, const Target& t) {
    tx.execute(
        "UPDATE restic_targets SET name = $3, mode = $4, repository_id = $5, agent_id = $6, policy_id = $7, "
        "disabled = $8, max_age_hours = $9, updated_at_us = $10 WHERE tenant_id = $1 AND id = $2",
        {tx.tenant(), t.id, t.name, t.mode, t.repository, t.agent, t.policy, t.disabled, t.maxAgeHours,
         t.updatedAt});
}

void TargetStore::erase(Transaction& tx, const Uuid& target) {
    for (const auto* table : {"restic_snapshots", "restic_tasks", "restic_backup_runs"})
        tx.execute(std::string("UPDATE ") + table +
                       " SET target_id = NULL WHERE tenant_id = $1 AND target_id = $2",
                   {tx.tenant(), target});
    tx.execute("DELETE FROM restic_targets WHERE tenant_id = $1 AND id = $2", {tx.tenant(), target});
}

std::optional<Target> TargetStore::find(Transaction& tx, const Uuid& id) {
    return first(tx.query(kSelect + " WHERE tenant_id = $1 AND id = $2", {tx.tenant(), id}));
}

void TargetStore::recordRun(Transaction& tx, const Uuid& target, const LastRun& run) {
    // How many files there are, and how many of them nobody can read, is known only from a run that saved
    // some, so a failure does not forget it.
    tx.execute("UPDATE restic_targets SET last_run_id = $3, last_run_status = $4, last_run_message = $5, "
               "last_run_started_at_us = $6, last_run_ended_at_us = $7, last_run_files = COALESCE($8, "
               "last_run_files), last_run_unread_count = $9 WHERE tenant_id = $1 AND id = $2",
               {tx.tenant(), target, run.run, run.status, run.message, run.startedAt, run.endedAt, run.files,
                run.unreadCount});
    if (run.files)
        tx.execute("UPDATE restic_targets SET known_unread = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), target, run.unreadFiles});
    if (!run.saysNothing)
        tx.execute("UPDATE restic_targets SET retention_held = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), target,
                    run.heldBecause.empty() ? core::db::Param(nullptr) : core::db::Param(run.heldBecause)});
}

std::optional<LastRun> TargetStore::lastRun(Transaction& tx, const Uuid& target) {
    const auto rows =
        tx.query("SELECT last_run_id, last_run_status, last_run_message, last_run_started_at_us, "
                 "last_run_ended_at_us, last_run_files, last_run_unread_count FROM restic_targets WHERE "
                 "tenant_id = $1 AND id = $2 AND last_run_id IS NOT NULL",
                 {tx.tenant(), target});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    return LastRun{row.uuid(0),
                   row.text(1),
                   row.optionalText(2),
                   row.instant(3),
                   row.instant(4),
                   row.optionalInteger(5),
                   row.optionalInteger(6).value_or(0)};
}

std::optional<std::int64_t> TargetStore::lastFiles(Transaction& tx, const Uuid& target) {
    const auto rows = tx.query("SELECT last_run_files FROM restic_targets WHERE tenant_id = $1 AND id = $2",
                               {tx.tenant(), target});
    return rows.empty() ? std::nullopt : rows[0].optionalInteger(0);
}

std::int64_t TargetStore::knownUnread(Transaction& tx, const Uuid& target) {
    const auto rows = tx.query("SELECT known_unread FROM restic_targets WHERE tenant_id = $1 AND id = $2",
                               {tx.tenant(), target});
    return rows.empty() ? 0 : rows[0].integer(0);
}

std::optional<std::string> TargetStore::retentionHeld(Transaction& tx, const Uuid& target) {
    const auto rows = tx.query("SELECT retention_held FROM restic_targets WHERE tenant_id = $1 AND id = $2",
                               {tx.tenant(), target});
    return rows.empty() ? std::nullopt : rows[0].optionalText(0);
}

std::optional<std::string> TargetStore::retentionHeldOfAny(Transaction& tx, const Uuid& policy) {
    const auto rows = tx.query("SELECT name || ': ' || retention_held FROM restic_targets WHERE tenant_id = "
                               "$1 AND policy_id = $2 AND retention_held IS NOT NULL AND NOT disabled ORDER "
                               "BY name LIMIT 1",
                               {tx.tenant(), policy});
    return rows.empty() ? std::nullopt : rows[0].optionalText(0);
}

bool TargetStore::hasOthers(Transaction& tx, const Uuid& policy, const Uuid& target) {
    return !tx.query(
                  "SELECT 1 FROM restic_targets WHERE tenant_id = $1 AND policy_id = $2 AND id <> $3 LIMIT 1",
                  {tx.tenant(), policy, target})
                .empty();
}

void TargetStore::recordSnapshot(Transaction& tx, const Uuid& target, const std::string& snapshot,
                                 Instant at) {
    tx.execute(
        "UPDATE restic_targets SET snapshot_count = snapshot_count + 1, "
        "latest_snapshot_id = CASE WHEN latest_snapshot_at_us > $4 THEN latest_snapshot_id ELSE $3 END, "
        "latest_snapshot_at_us = CASE WHEN latest_snapshot_at_us > $4 THEN latest_snapshot_at_us "
        "ELSE $4 END WHERE tenant_id = $1 AND id = $2",
        {tx.tenant(), target, snapshot, at});
}

void TargetStore::recordListing(Transaction& tx, const Uuid& target, std::int64_t count,
                                const std::optional<std::string>& latest, std::optional<Instant> at) {
    tx.execute(
        "UPDATE restic_targets SET snapshot_count = $3, latest_snapshot_id = $4, latest_snapshot_at_us = "
        "$5 WHERE tenant_id = $1 AND id = $2",
        {tx.tenant(), target, count, latest, at});
}

namespace {
/// The target of that agent and policy that the host itself looks at.
std::optional<Target> directOf(Transaction& tx, const Uuid& agent, const Uuid& policy) {
    return first(tx.query(kSelect + " WHERE tenant_id = $1 AND agent_id = $2 AND policy_id = $3 AND mode = "
                                    "'direct' ORDER BY created_at_us, id LIMIT 1",
                          {tx.tenant(), agent, policy}));
}

/// The target of the same policy whose agent was revoked under the same host name.
std::optional<Target> orphanOf(Transaction& tx, const Uuid& agent, const Uuid& policy) {
    return first(tx.query(kSelect +
                              " WHERE tenant_id = $1 AND policy_id = $3 AND agent_id IN "
                              "(SELECT o.id FROM restic_agents o JOIN restic_agents n ON n.tenant_id = "
                              "o.tenant_id AND n.hostname = o.hostname WHERE o.tenant_id = $1 AND n.id = $2 "
                              "AND o.id <> n.id AND o.revoked_at_us IS NOT NULL) ORDER BY updated_at_us DESC "
                              "LIMIT 1",
                          {tx.tenant(), agent, policy}));
}
} // namespace

Uuid TargetStore::ensureForLink(Transaction& tx, const Target& wanted, Instant now) {
    if (const auto existing = findForLink(tx, *wanted.agent, *wanted.policy)) {
        tx.execute("UPDATE restic_targets SET disabled = FALSE, repository_id = $3, updated_at_us = $4 "
                   "WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), existing->id, wanted.repository, now});
        return existing->id;
    }
    // One that was looked at from here until its machine had an agent keeps its name and its history.
    if (const auto direct = directOf(tx, *wanted.agent, *wanted.policy)) {
        tx.execute("UPDATE restic_targets SET mode = 'agent', disabled = FALSE, repository_id = $3, "
                   "updated_at_us = $4 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), direct->id, wanted.repository, now});
        if (direct->repository)
            takeSeen(tx, direct->id, *direct->repository);
        return direct->id;
    }
    if (const auto orphan = orphanOf(tx, *wanted.agent, *wanted.policy)) {
        tx.execute("UPDATE restic_targets SET mode = 'agent', disabled = FALSE, agent_id = $3, "
                   "repository_id = $4, updated_at_us = $5 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), orphan->id, wanted.agent, wanted.repository, now});
        return orphan->id;
    }
    std::string name = wanted.name;
    if (findByName(tx, name))
        name += " (" + wanted.id.toString().substr(28) + ")";
    Target made = wanted;
    made.name = name;
    made.createdAt = made.updatedAt = now;
    insert(tx, made);
    return wanted.id;
}

} // namespace restic
