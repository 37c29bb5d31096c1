#include "tasks/task_store.h"

#include <algorithm>

#include "core/db/table.h"
#include "core/http/list_query.h"
#include "id_list.h"
#include "open_tasks.h"
#include "restic/protocol/task_kinds.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;
using protocol::TaskState;

namespace {
using core::db::column;
using core::db::Use;

const core::db::Table<Task>& table() {
    static const core::db::Table<Task> columns(
        "restic_tasks", {column("id", &Task::id, Use::fixed),
                         column("tenant_id", &Task::tenant, Use::fixed),
                         column("type", &Task::type),
                         column("status", &Task::status, protocol::parseTaskState, protocol::toText),
                         column("attempt", &Task::attempt),
                         column("agent_id", &Task::agent),
                         column("policy_id", &Task::policy),
                         column("target_id", &Task::target),
                         column("repository_id", &Task::repository),
                         column("priority", &Task::priority),
                         column("parameters", &Task::parameters),
                         column("metadata", &Task::metadata),
                         column("timeout_seconds", &Task::timeoutSeconds),
                         column("unsaved_until_us", &Task::unsavedUntil),
                         column("slot_us", &Task::slot),
                         column("not_before_us", &Task::notBefore),
                         column("lease_until_us", &Task::leaseUntil),
                         column("progress", &Task::progress),
                         column("result", &Task::result),
                         column("error", &Task::error),
                         column("items_count", &Task::itemsCount),
                         column("items_bytes", &Task::itemsBytes),
                         column("items_refused", &Task::itemsRefused),
                         column("cancel_requested_at_us", &Task::cancelRequestedAt),
                         column("retry_of", &Task::retryOf),
                         column("created_at_us", &Task::createdAt, Use::fixed),
                         column("assigned_at_us", &Task::assignedAt),
                         column("started_at_us", &Task::startedAt),
                         column("completed_at_us", &Task::completedAt),
                         column("updated_at_us", &Task::createdAt, Use::insertOnly)});
    return columns;
}

/// The condition of the partial indexes of tasks that have not ended, word for word: SQLite uses them only
/// for a statement that says the same.
const std::string kOpen = kOpenTask;
// Without kOpen: SQLite would take the index of all that is open, which grows with what waits.
const std::string kHeld = "status IN ('assigned', 'running', 'unreachable')";
const std::string kWaiting = kOpen + " AND status IN ('created', 'queued')";
// Also where any order would do: for the sake of it SQLite takes the index of the agent's open tasks, and not
// that of all the tenant's tasks by state.
constexpr auto kInTurn = " ORDER BY priority DESC, id";

core::db::Param nullable(const core::json::Value& value) {
    return value.isNull() ? core::db::Param(nullptr) : core::db::Param(value);
}

std::vector<Task> byId(std::vector<Task> all) {
    std::sort(all.begin(), all.end(), [](const Task& a, const Task& b) { return a.id < b.id; });
    return all;
}

/// The row's history: what became of one attempt.
void endAttempt(Transaction& tx, const Task& task, std::string_view outcome, const core::json::Value& error,
                Instant now) {
    tx.execute(
        "UPDATE restic_task_attempts SET ended_at_us = $4, outcome = $5, error = $6 WHERE tenant_id = $1 AND "
        "task_id = $2 AND attempt = $3",
        {task.tenant, task.id, task.attempt, now, outcome, nullable(error)});
}
} // namespace

void TaskStore::insert(Transaction& tx, const Task& task) {
    table().insert(tx, task);
}

std::optional<Task> TaskStore::find(Transaction& tx, const Uuid& id) {
    return table().readFirst(
        tx.query(table().select() + " WHERE tenant_id = $1 AND id = $2", {tx.tenant(), id}));
}

// Both are sorted here: for an order by id SQLite would read all of the tenant's tasks by their key.
std::vector<Task> TaskStore::pending(Transaction& tx, const Uuid& agent, const Uuid& policy,
                                     const std::string& type) {
    return byId(table().readAll(tx.query(
        table().select() + " WHERE tenant_id = $1 AND agent_id = $2 AND policy_id = $3 AND type = $4 AND " +
            kWaiting,
        {tx.tenant(), agent, policy, type})));
}

std::vector<Task> TaskStore::waitingOf(Transaction& tx, const Uuid& repository, const std::string& type) {
    return byId(table().readAll(tx.query(
        table().select() +
            " WHERE tenant_id = $1 AND repository_id = $2 AND type = $3 AND status IN ('created', 'queued')",
        {tx.tenant(), repository, type})));
}

std::vector<Task> TaskStore::waiting(Transaction& tx, const Uuid& agent) {
    return byId(table().readAll(
        tx.query(table().select() + " WHERE tenant_id = $1 AND agent_id = $2 AND " + kWaiting + kInTurn,
                 {tx.tenant(), agent})));
}

bool TaskStore::anyWaiting(Transaction& tx, const Uuid& agent) {
    return !tx.query("SELECT 1 FROM restic_tasks WHERE tenant_id = $1 AND agent_id = $2 AND " + kWaiting +
                         kInTurn + " LIMIT 1",
                     {tx.tenant(), agent})
                .empty();
}

void TaskStore::waitNoLonger(Transaction& tx, const Uuid& id, Instant now) {
    tx.execute("UPDATE restic_tasks SET not_before_us = NULL, updated_at_us = $3 WHERE tenant_id = $1 AND "
               "id = $2 AND status = 'queued'",
               {tx.tenant(), id, now});
}

bool TaskStore::slotExists(Transaction& tx, const Uuid& agent, const Uuid& policy, Instant slot) {
    return !tx.query(
                  "SELECT 1 FROM restic_tasks WHERE tenant_id = $1 AND agent_id = $2 AND policy_id = $3 AND "
                  "slot_us = $4",
                  {tx.tenant(), agent, policy, slot})
                .empty();
}

std::vector<Task> TaskStore::list(Transaction& tx, const Filter& filter, const core::http::PageQuery& page) {
    core::http::ListQuery query(table().select());
    query.where("tenant_id = ?", tx.tenant());
    if (filter.agent)
        query.where("agent_id = ?", *filter.agent);
    if (filter.policy)
        query.where("policy_id = ?", *filter.policy);
    if (filter.repository)
        query.where("repository_id = ?", *filter.repository);
    if (filter.status)
        query.whereWord("status", *filter.status);
    if (filter.type)
        query.whereWord("type", *filter.type);
    query.page("created_at_us", page);
    return table().readAll(query.run(tx));
}

std::vector<TaskStore::Claim> TaskStore::candidates(Transaction& tx, const Uuid& agent, int limit,
                                                    Instant now) {
    const std::string lock = tx.dialect() == core::db::Dialect::postgresql ? " FOR UPDATE SKIP LOCKED" : "";
    std::vector<Claim> all;
    for (const auto& row : tx.query(
             "SELECT id, type, priority, repository_id, policy_id FROM restic_tasks WHERE tenant_id = $1 AND "
             "agent_id = $2 AND " +
                 kOpen + " AND status = 'queued' AND (not_before_us IS NULL OR not_before_us <= $3)" +
                 kInTurn + " LIMIT " + std::to_string(limit) + lock,
             {tx.tenant(), agent, now}))
        all.push_back({row.uuid(0), row.text(1), agent, static_cast<int>(row.integer(2)), row.optionalUuid(3),
                       row.optionalUuid(4)});
    return all;
}

std::set<Uuid> TaskStore::policiesBackedUp(Transaction& tx, const Uuid& agent) {
    std::set<Uuid> all;
    for (const auto& row :
         tx.query("SELECT policy_id FROM restic_tasks WHERE tenant_id = $1 AND agent_id = $2 AND " + kOpen +
                      " AND " + kHeld + " AND type = 'backup' AND policy_id IS NOT NULL" + kInTurn,
                  {tx.tenant(), agent}))
        all.insert(row.uuid(0));
    return all;
}

namespace {
std::vector<TaskStore::Claim> claimsFrom(const core::db::Rows& rows, const Uuid& repository) {
    std::vector<TaskStore::Claim> all;
    for (const auto& row : rows)
        all.push_back({row.uuid(0), row.text(1), row.uuid(2), static_cast<int>(row.integer(3)), repository});
    return all;
}
} // namespace

std::vector<TaskStore::Claim> TaskStore::heldOf(Transaction& tx, const Uuid& repository) {
    return claimsFrom(
        tx.query("SELECT id, type, agent_id, priority FROM restic_tasks WHERE tenant_id = $1 AND "
                 "repository_id = $2 AND status IN ('assigned', 'running', 'unreachable')",
                 {tx.tenant(), repository}),
        repository);
}

std::vector<TaskStore::Claim> TaskStore::waitingAlone(Transaction& tx, const Uuid& repository, Instant now) {
    // The condition is the partial index's, word for word.
    return claimsFrom(
        tx.query("SELECT id, type, agent_id, priority FROM restic_tasks WHERE tenant_id = $1 AND "
                 "repository_id = $2 AND status = 'queued' AND type IN ('init', 'check', "
                 "'forget', 'prune') AND (not_before_us IS NULL OR not_before_us <= $3) "
                 "ORDER BY priority DESC, id LIMIT 20",
                 {tx.tenant(), repository, now}),
        repository);
}

std::vector<Uuid> TaskStore::agentsThatWaitFor(Transaction& tx, const Uuid& repository) {
    // From one agent to the next in the index, past all that each waits for.
    const auto next = [](const std::string& after) {
        return "(SELECT t.agent_id FROM restic_tasks t WHERE t.tenant_id = $1 AND t.repository_id = $2 AND "
               "t.status IN ('created', 'queued')" +
               after + " ORDER BY t.agent_id LIMIT 1)";
    };
    std::vector<Uuid> agents;
    for (const auto& row :
         tx.query("WITH RECURSIVE waiting (agent_id) AS (SELECT " + next("") + " UNION ALL SELECT " +
                      next(" AND t.agent_id > w.agent_id") +
                      " FROM waiting w WHERE w.agent_id IS NOT NULL) SELECT agent_id FROM waiting WHERE "
                      "agent_id IS NOT NULL",
                  {tx.tenant(), repository}))
        agents.push_back(row.uuid(0));
    return agents;
}

Task TaskStore::assign(Transaction& tx, const Uuid& id, Instant now, Instant leaseUntil) {
    const auto assigned = table().readAll(
        tx.query("UPDATE restic_tasks SET status = 'assigned', assigned_at_us = $3, lease_until_us = $4, "
                 "hand_out_again = FALSE, updated_at_us = $3 WHERE "
                 "tenant_id = $1 AND id = $2 RETURNING " +
                     table().columns(),
                 {tx.tenant(), id, now, leaseUntil}));
    const Task& task = assigned.at(0);
    tx.execute("INSERT INTO restic_task_attempts (tenant_id, task_id, attempt, agent_id, assigned_at_us) "
               "VALUES ($1, $2, $3, $4, $5)",
               {tx.tenant(), task.id, task.attempt, task.agent, now});
    return task;
}

void TaskStore::repeatHandOut(Transaction& tx, const Task& task) {
    tx.execute(
        "UPDATE restic_tasks SET hand_out_again = TRUE WHERE tenant_id = $1 AND id = $2 AND attempt = $3 "
        "AND status = 'assigned'",
        {task.tenant, task.id, task.attempt});
}

std::vector<Task> TaskStore::takeRepeated(Transaction& tx, const Uuid& agent) {
    return table().readAll(
        tx.query("UPDATE restic_tasks SET hand_out_again = FALSE WHERE tenant_id = $1 AND agent_id = $2 "
                 "AND " +
                     kHeld + " AND status = 'assigned' AND hand_out_again RETURNING " + table().columns(),
                 {tx.tenant(), agent}));
}

std::int64_t TaskStore::countHeld(Transaction& tx, const Uuid& agent) {
    return tx
        .query("SELECT count(*) FROM restic_tasks WHERE tenant_id = $1 AND agent_id = $2 AND " + kHeld,
               {tx.tenant(), agent})[0]
        .integer(0);
}

std::vector<Task> TaskStore::takeCancels(Transaction& tx, const Uuid& agent, Instant now, Instant again) {
    return table().readAll(tx.query(
        "UPDATE restic_tasks SET cancel_sent_at_us = $3 WHERE tenant_id = $1 AND agent_id = $2 AND " + kHeld +
            " AND cancel_requested_at_us IS NOT NULL AND (cancel_sent_at_us IS NULL OR "
            "cancel_sent_at_us < $4) RETURNING " +
            table().columns(),
        {tx.tenant(), agent, now, again}));
}

bool TaskStore::recordRunning(Transaction& tx, const Task& task, const core::json::Value& progress,
                              Instant now, Instant leaseUntil) {
    const bool changed =
        tx.execute(
            "UPDATE restic_tasks SET status = 'running', started_at_us = COALESCE(started_at_us, $4), "
            "progress = COALESCE($5, progress), lease_until_us = $6, updated_at_us = $4 WHERE tenant_id = $1 "
            "AND id = $2 AND attempt = $3 AND " +
                kHeld,
            {task.tenant, task.id, task.attempt, now, nullable(progress), leaseUntil}) == 1;
    if (changed && task.status == TaskState::assigned)
        tx.execute(
            "UPDATE restic_task_attempts SET started_at_us = $4 WHERE tenant_id = $1 AND task_id = $2 AND "
            "attempt = $3",
            {task.tenant, task.id, task.attempt, now});
    return changed;
}

bool TaskStore::finish(Transaction& tx, const Task& task, TaskState state, const core::json::Value& result,
                       const core::json::Value& error, Instant now) {
    if (!protocol::canTransition(task.status, state))
        return false;
    const bool changed =
        tx.execute(
            "UPDATE restic_tasks SET status = $4, result = $5, error = $6, completed_at_us = $7, "
            "lease_until_us = NULL, not_before_us = NULL, updated_at_us = $7 WHERE tenant_id = $1 AND id = "
            "$2 "
            "AND attempt = $3 AND " +
                kOpen,
            {task.tenant, task.id, task.attempt, protocol::toText(state), nullable(result), nullable(error),
             now}) == 1;
    if (changed)
        endAttempt(tx, task, protocol::toText(state), error, now);
    return changed;
}

void TaskStore::recordItems(Transaction& tx, const Task& task, const HeldItems& held) {
    tx.execute("UPDATE restic_tasks SET items_count = $3, items_bytes = $4, items_refused = $5 WHERE "
               "tenant_id = $1 AND id = $2",
               {task.tenant, task.id, held.items.count, held.items.bytes, held.refused});
}

bool TaskStore::requeue(Transaction& tx, const Task& task, std::optional<Instant> notBefore,
                        const core::json::Value& error, Instant now) {
    if (!protocol::canTransition(task.status, TaskState::queued))
        return false;
    const bool changed =
        tx.execute("UPDATE restic_tasks SET status = 'queued', attempt = attempt + 1, not_before_us = $4, "
                   "error = $5, "
                   "lease_until_us = NULL, assigned_at_us = NULL, progress = NULL, updated_at_us = $6 "
                   "WHERE tenant_id = $1 AND id = $2 AND attempt = $3 AND " +
                       kHeld,
                   {task.tenant, task.id, task.attempt, notBefore, nullable(error), now}) == 1;
    if (changed)
        endAttempt(tx, task, "queued", error, now);
    return changed;
}

void TaskStore::setUnreachable(Transaction& tx, const Task& task, Instant now) {
    tx.execute(
        "UPDATE restic_tasks SET status = 'unreachable', updated_at_us = $4 WHERE tenant_id = $1 AND id = $2 "
        "AND attempt = $3 AND status = 'running'",
        {task.tenant, task.id, task.attempt, now});
}

void TaskStore::requestCancel(Transaction& tx, const Uuid& id, Instant now) {
    tx.execute("UPDATE restic_tasks SET cancel_requested_at_us = COALESCE(cancel_requested_at_us, $3), "
               "updated_at_us = $3 WHERE tenant_id = $1 AND id = $2",
               {tx.tenant(), id, now});
}

void TaskStore::extendLease(Transaction& tx, const Uuid& id, int attempt, Instant leaseUntil) {
    tx.execute("UPDATE restic_tasks SET lease_until_us = $4, status = CASE WHEN status = 'unreachable' THEN "
               "'running' "
               "ELSE status END WHERE tenant_id = $1 AND id = $2 AND attempt = $3 AND " +
                   kHeld,
               {tx.tenant(), id, attempt, leaseUntil});
}

std::vector<Task> TaskStore::held(Transaction& tx, const Uuid& agent) {
    return table().readAll(tx.query(table().select() + " WHERE tenant_id = $1 AND agent_id = $2 AND " + kHeld,
                                    {tx.tenant(), agent}));
}

namespace {
std::vector<TaskStore::Key> keys(const core::db::Rows& rows) {
    std::vector<TaskStore::Key> all;
    for (const auto& row : rows)
        all.push_back({row.uuid(0), row.uuid(1)});
    return all;
}
} // namespace

std::vector<TaskStore::Key> TaskStore::lapsed(Transaction& tx, Instant now, int limit) {
    return keys(tx.query("SELECT tenant_id, id FROM restic_tasks WHERE lease_until_us < $1 AND status IN "
                         "('assigned', 'running') ORDER BY lease_until_us LIMIT " +
                             std::to_string(limit),
                         {now}));
}

std::vector<TaskStore::Key> TaskStore::overdue(Transaction& tx, Instant now, int limit) {
    return keys(tx.query("SELECT tenant_id, id FROM restic_tasks WHERE status = 'unreachable' AND "
                         "lease_until_us < $1 AND lease_until_us + timeout_seconds * 1000000 < $1 "
                         "ORDER BY lease_until_us LIMIT " +
                             std::to_string(limit),
                         {now}));
}

std::vector<TaskStore::Key> TaskStore::unfetched(Transaction& tx, Instant now, int limit) {
    return keys(tx.query(
        "SELECT tenant_id, id FROM restic_tasks WHERE status = 'queued' AND unsaved_until_us IS NOT NULL AND "
        "unsaved_until_us < $1 ORDER BY unsaved_until_us LIMIT " +
            std::to_string(limit),
        {now}));
}

std::vector<Uuid> TaskStore::agentsWithDueRetries(Transaction& tx, Instant after, Instant now) {
    std::vector<Uuid> agents;
    for (const auto& row :
         tx.query("SELECT DISTINCT agent_id FROM restic_tasks WHERE status = 'queued' AND "
                  "not_before_us IS NOT NULL AND not_before_us > $1 AND not_before_us <= $2",
                  {after, now}))
        agents.push_back(row.uuid(0));
    return agents;
}

} // namespace restic
