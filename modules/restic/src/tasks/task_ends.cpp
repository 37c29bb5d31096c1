#include "tasks/task_ends.h"

#include "errors.h"
#include "repositories/place.h"
#include "repositories/repository_store.h"
#include "restic/events.h"
#include "restic/protocol/task_errors.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/result_store.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;
using protocol::TaskState;

namespace {

/// A name that only newer agents know is tried again.
bool isLasting(const std::string& error) {
    const auto* kind = protocol::task_errors::find(error);
    return kind != nullptr && kind->remedy == protocol::Remedy::change;
}

/// What earlier agents report under an earlier name has the name and the advice of now.
std::optional<protocol::TaskError> underItsName(std::optional<protocol::TaskError> error) {
    const auto* kind = error ? protocol::task_errors::find(error->error) : nullptr;
    if (kind != nullptr && kind->name != error->error)
        *error = protocol::task_errors::make(*kind, error->message);
    return error;
}

double secondsBetween(const std::optional<Instant>& from, Instant to) {
    return from ? std::chrono::duration<double>(to - *from).count() : 0;
}

} // namespace

void TaskEnds::wakeAfterCommit(Transaction& tx, const Uuid& agent) const {
    tx.afterCommit([this, agent] { wake(agent); });
}

std::optional<core::milliseconds> TaskEnds::backoffAfter(const Task& task,
                                                         const protocol::TaskError& error) const {
    if (!kinds_.get(task.type).declaration().triedAgain)
        return std::nullopt;
    if (error.error == protocol::task_errors::kRepositoryLocked.name) {
        // A lock that nobody refreshes is stale after half an hour: then restic removes it.
        constexpr core::milliseconds kLockIsStale = std::chrono::minutes{35};
        const auto backoff = std::max<core::milliseconds>(settings_.retryBackoff, std::chrono::minutes{1});
        const auto attempts = std::max<std::int64_t>(settings_.retryAttempts, 1 + kLockIsStale / backoff);
        return task.attempt <= attempts ? std::optional(backoff) : std::nullopt;
    }
    return !isLasting(error.error) && task.attempt <= settings_.retryAttempts
               ? std::optional(settings_.retryBackoff)
               : std::nullopt;
}

void TaskEnds::end(Transaction& tx, const Task& task, TaskState state,
                   const protocol::TaskStatusReport& report) const {
    const Instant now = clock_.now();
    const auto& kind = kinds_.get(task.type);
    const auto error = underItsName(report.error);
    TaskEnd end;
    end.state = state;
    if (error) {
        end.message = error->message;
        end.error = error->error;
    } else if (state == TaskState::failed)
        end.message = "The agent gave no reason.";
    if (report.result)
        end.result = *report.result;
    kind.judge(tx, task, end, now);
    const core::json::Value errorJson = error ? core::wire::toJson(*error) : core::json::Value();
    kind.reported(tx, task, end.result, now);
    const auto backoff = end.state == TaskState::failed && !task.cancelRequestedAt && error
                             ? backoffAfter(task, *error)
                             : std::nullopt;
    if (backoff) {
        requeue(tx, task, now + *backoff, errorJson, now);
        kind.willBeTriedAgain(tx, task, now);
        if (task.repository)
            passOn(tx, task, false, now);
        return;
    }
    if (!TaskStore::finish(tx, task, end.state, end.result, errorJson, now))
        return;
    if (kind.declaration().item != nullptr) {
        const auto held = ResultStore::held(tx, task.id, task.attempt);
        TaskStore::recordItems(tx, task, held);
        if (end.state == TaskState::success || end.state == TaskState::warning)
            kind.receivedAll(tx, task, end.result, held, now);
    }
    const bool worked = (end.state == TaskState::success || end.state == TaskState::warning) &&
                        kind.provesRepository(end.result);
    if (task.repository)
        passOn(tx, task, worked, now);
    // There is room for the next one. Without one the wake-up would end a parked poll for nothing, and the
    // agent would wait a moment before it asks again.
    if (TaskStore::anyWaiting(tx, task.agent))
        wakeAfterCommit(tx, task.agent);
    events_.publishWith(tx,
                        events::TaskCompleted{task.tenant, task.id, std::string(protocol::toText(end.state)),
                                              secondsBetween(task.startedAt, now),
                                              kind.snapshotOf(end.result), end.message.value_or(""), now});
    kind.ended(tx, task, end, now);
}

bool TaskEnds::requeue(Transaction& tx, const Task& task, std::optional<Instant> notBefore,
                       const core::json::Value& error, Instant now) const {
    if (!TaskStore::requeue(tx, task, notBefore, error, now))
        return false;
    if (kinds_.get(task.type).declaration().item != nullptr)
        ResultStore::erase(tx, task.id);
    return true;
}

void TaskEnds::passOn(Transaction& tx, const Task& task, bool worked, Instant now) const {
    const auto repository = RepositoryStore::find(tx, *task.repository);
    if (!repository)
        return;
    const auto place = placeOf(*repository, task.agent);
    const bool isNew = !PlaceStore::firstSuccess(tx, place);
    if (isNew && worked)
        PlaceStore::markSuccess(tx, place, now);
    std::vector<Uuid> agents;
    if (isNew || kinds_.get(task.type).declaration().lock == protocol::LockClass::exclusive)
        agents = TaskStore::agentsThatWaitFor(tx, *task.repository);
    else
        for (const auto& claim : TaskStore::waitingAlone(tx, *task.repository, now))
            agents.push_back(claim.agent);
    for (const Uuid& agent : agents)
        if (agent != task.agent) // that one is woken for whatever waits
            wakeAfterCommit(tx, agent);
}

void TaskEnds::fail(Transaction& tx, const Task& task, const protocol::TaskError& error) const {
    protocol::TaskStatusReport report;
    report.attempt = task.attempt;
    report.status = "failed";
    report.error = error;
    end(tx, task, TaskState::failed, report);
}

void TaskEnds::cancelWaiting(Transaction& tx, const Task& task, const std::string& why) const {
    protocol::TaskStatusReport report;
    report.attempt = task.attempt;
    report.error = protocol::task_errors::make(protocol::task_errors::kCancelled, why);
    end(tx, task, TaskState::cancelled, report);
}

void TaskEnds::giveBack(Transaction& tx, const Task& task, const protocol::TaskError& why) const {
    const Instant now = clock_.now();
    if (task.cancelRequestedAt) {
        protocol::TaskStatusReport report;
        report.attempt = task.attempt;
        report.error = protocol::task_errors::make(protocol::task_errors::kCancelled);
        end(tx, task, TaskState::cancelled, report);
        return;
    }
    if (task.attempt > settings_.retryAttempts) {
        fail(tx, task, why);
        return;
    }
    if (requeue(tx, task, std::nullopt, core::wire::toJson(why), now)) {
        kinds_.get(task.type).willBeTriedAgain(tx, task, now);
        wakeAfterCommit(tx, task.agent);
    }
}

} // namespace restic
