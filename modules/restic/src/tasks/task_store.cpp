#include "tasks/task_store.h"

#include <algorithm>

#include "core/http/list_query.h"
#include "id_list.h"
#include "open_tasks.h"
#include "restic/protocol/task_kinds.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;
using protocol::TaskState;

namespace {
constexpr std::string_view kColumns =
    "id, tenant_id, type, status, attempt, agent_id, policy_id, target_id, repository_id, priority, "
    "parameters, "
    "metadata, timeout_seconds, slot_us, not_before_us, lease_until_us, progress, result, error, "
    "cancel_requested_at_us, retry_of, created_at_us, assigned_at_us, started_at_us, completed_at_us";
const std::string kSelect = "SELECT " + std::string(kColumns) + " FROM restic_tasks";
/// The condition of the partial indexes of tasks that have not ended, word for word: SQLite uses them only
/// for a statement that says the same.
const std::string kOpen = kOpenTask;
const std::string kHeld = kOpen + " AND status IN ('assigned', 'running', 'unreachable')";
const std::string kWaiting = kOpen + " AND status IN ('created', 'queued')";

core::db::Param nullable(const core::json::Value& value) {
    return value.isNull() ? core::db::Param(nullptr) : core::db::Param(value);
}

Task fromRow(const core::db::Row& row) {
    Task task;
    task.id = row.uuid(0);
    task.tenant = row.uuid(1);
    task.type = row.text(2);
    task.status = protocol::parseTaskState(row.text(3)).value();
    task.attempt = static_cast<int>(row.integer(4));
    task.agent = row.uuid(5);
    task.policy = row.optionalUuid(6);
    task.target = row.optionalUuid(7);
    task.repository = row.optionalUuid(8);
    task.priority = static_cast<int>(row.integer(9));
    task.parameters = jsonOr(row, 10, core::json::Object());
    task.metadata = jsonOr(row, 11, core::json::Object());
    task.timeoutSeconds = row.integer(12);
    task.slot = row.optionalInstant(13);
    task.notBefore = row.optionalInstant(14);
    task.leaseUntil = row.optionalInstant(15);
    task.progress = jsonOrNull(row, 16);
    task.result = jsonOrNull(row, 17);
    task.error = jsonOrNull(row, 18);
    task.cancelRequestedAt = row.optionalInstant(19);
    task.retryOf = row.optionalUuid(20);
    task.createdAt = row.instant(21);
    task.assignedAt = row.optionalInstant(22);
    task.startedAt = row.optionalInstant(23);
    task.completedAt = row.optionalInstant(24);
    return task;
}

std::vector<Task> tasks(const core::db::Rows& rows) {
    std::vector<Task> all;
    for (const auto& row : rows)
        all.push_back(fromRow(row));
    return all;
}
std::optional<Task> first(const core::db::Rows& rows) {
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
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

void TaskStore::insert(Transaction& tx, const Task& t) {
    tx.execute(
        "INSERT INTO restic_tasks (" + std::string(kColumns) +
            ", updated_at_us) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,"
            "$21,$22,$23,$24,$25,$22)",
        {t.id,
         t.tenant,
         t.type,
         protocol::toText(t.status),
         t.attempt,
         t.agent,
         t.policy,
         t.target,
         t.repository,
         t.priority,
         t.parameters,
         t.metadata,
         t.timeoutSeconds,
         t.slot,
         t.notBefore,
         t.leaseUntil,
         nullable(t.progress),
         nullable(t.result),
         nullable(t.error),
         t.cancelRequestedAt,
         t.retryOf,
         t.createdAt,
         t.assignedAt,
         t.startedAt,
         t.completedAt});
}

std::optional<Task> TaskStore::find(Transaction& tx, const Uuid& id) {
    return first(tx.query(kSelect + " WHERE tenant_id = $1 AND id = $2", {tx.tenant(), id}));
}

// Both are sorted here: for an order by id SQLite would read all of the tenant's tasks by their key.
std::optional<Task> TaskStore::findPending(Transaction& tx, const Uuid& agent, const Uuid& policy,
                                           const std::string& type) {
    const auto all = byId(tasks(tx.query(
        kSelect + " WHERE tenant_id = $1 AND agent_id = $2 AND policy_id = $3 AND type = $4 AND " + kWaiting,
        {tx.tenant(), agent, policy, type})));
    return all.empty() ? std::nullopt : std::optional(all.front());
}

std::vector<Task> TaskStore::waiting(Transaction& tx, const Uuid& agent) {
    return byId(tasks(
        tx.query(kSelect + " WHERE tenant_id = $1 AND agent_id = $2 AND " + kWaiting, {tx.tenant(), agent})));
}

bool TaskStore::anyWaiting(Transaction& tx, const Uuid& agent) {
    return !tx.query("SELECT 1 FROM restic_tasks WHERE tenant_id = $1 AND agent_id = $2 AND " + kWaiting +
                         " LIMIT 1",
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
    core::http::ListQuery query(kSelect);
    query.where("tenant_id = ?", tx.tenant());
    if (filter.agent)
        query.where("agent_id = ?", *filter.agent);
    if (filter.policy)
        query.where("policy_id = ?", *filter.policy);
    if (filter.status)
        query.whereWord("status", *filter.status);
    if (filter.type)
        query.whereWord("type", *filter.type);
    query.page("created_at_us", page);
    return tasks(query.run(tx));
}

std::vector<TaskStore::Claim> TaskStore::candidates(Transaction& tx, const Uuid& agent, int limit,
                                                    Instant now) {
    const std::string lock = tx.dialect() == core::db::Dialect::postgresql ? " FOR UPDATE SKIP LOCKED" : "";
    std::vector<Claim> all;
    for (const auto& row :
         tx.query("SELECT id, type, priority, repository_id FROM restic_tasks WHERE tenant_id = $1 AND "
                  "agent_id = $2 AND " +
                      kOpen +
                      " AND status = 'queued' AND (not_before_us IS NULL OR not_before_us <= $3) ORDER BY "
                      "priority DESC, id LIMIT " +
                      std::to_string(limit) + lock,
                  {tx.tenant(), agent, now}))
        all.push_back(
            {row.uuid(0), row.text(1), agent, static_cast<int>(row.integer(2)), row.optionalUuid(3)});
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
    std::vector<Uuid> agents;
    for (const auto& row : tx.query(
             "SELECT DISTINCT agent_id FROM restic_tasks WHERE tenant_id = $1 AND repository_id = $2 AND " +
                 kWaiting,
             {tx.tenant(), repository}))
        agents.push_back(row.uuid(0));
    return agents;
}

Task TaskStore::assign(Transaction& tx, const Uuid& id, Instant now, Instant leaseUntil) {
    const auto assigned = tasks(
        tx.query("UPDATE restic_tasks SET status = 'assigned', assigned_at_us = $3, lease_until_us = $4, "
                 "hand_out_again = FALSE, updated_at_us = $3 WHERE "
                 "tenant_id = $1 AND id = $2 RETURNING " +
                     std::string(kColumns),
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
    return tasks(
        tx.query("UPDATE restic_tasks SET hand_out_again = FALSE WHERE tenant_id = $1 AND agent_id = $2 "
                 "AND " +
                     kOpen + " AND status = 'assigned' AND hand_out_again RETURNING " + std::string(kColumns),
                 {tx.tenant(), agent}));
}

std::int64_t TaskStore::countHeld(Transaction& tx, const Uuid& agent) {
    return tx
        .query("SELECT count(*) FROM restic_tasks WHERE tenant_id = $1 AND agent_id = $2 AND " + kHeld,
               {tx.tenant(), agent})[0]
        .integer(0);
}

std::vector<Task> TaskStore::takeCancels(Transaction& tx, const Uuid& agent, Instant now, Instant again) {
    return tasks(tx.query(
        "UPDATE restic_tasks SET cancel_sent_at_us = $3 WHERE tenant_id = $1 AND agent_id = $2 AND " + kHeld +
            " AND cancel_requested_at_us IS NOT NULL AND (cancel_sent_at_us IS NULL OR "
            "cancel_sent_at_us < $4) RETURNING " +
            std::string(kColumns),
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
    return tasks(
        tx.query(kSelect + " WHERE tenant_id = $1 AND agent_id = $2 AND " + kHeld, {tx.tenant(), agent}));
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
