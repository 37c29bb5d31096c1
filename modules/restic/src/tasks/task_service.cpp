#include "tasks/task_service.h"

#include <algorithm>

#include "agents/agent_store.h"
#include "errors.h"
#include "lock_row.h"
#include "policies/target_store.h"
#include "repositories/place.h"
#include "repositories/repository_store.h"
#include "restic/events.h"
#include "restic/protocol/task_errors.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/repository_queue.h"

namespace restic {

using core::Instant;
using core::TenantContext;
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

std::int64_t bytesOf(const protocol::LogBatch& batch) {
    std::int64_t bytes = 0;
    for (const auto& line : batch.lines)
        bytes += static_cast<std::int64_t>(line.message.size());
    return bytes;
}

/// Some of them may have to wait for another agent.
constexpr int kMostCandidates = 100;
constexpr int kSweepBatch = 200;

double secondsBetween(const std::optional<Instant>& from, Instant to) {
    return from ? std::chrono::duration<double>(to - *from).count() : 0;
}

} // namespace

TaskService::TaskService(core::db::Database& database, const core::Clock& clock, core::event::Bus& events,
                         core::ServiceHandle<base::SecretVault> vault, core::Logger log,
                         TaskSettings settings, std::vector<std::unique_ptr<KindOfTask>> kinds)
    : database_(database), clock_(clock), events_(events), kinds_(std::move(kinds)),
      payloads_(database, std::move(vault), kinds_), logBudget_(settings.logBytesPerHour),
      results_(settings.resultBytes), log_(std::move(log)), settings_(settings) {}

void TaskService::wakeAfterCommit(Transaction& tx, const Uuid& agent) {
    tx.afterCommit([this, agent] {
        if (wake_)
            wake_(agent);
    });
}

Task TaskService::create(const TenantContext& context, const TaskRequest& request, const Made& made) {
    const auto attempt = [&] {
        return database_.transact(context, [&](Transaction& tx) {
            auto task = create(tx, request);
            if (context.audit())
                context.audit()->object("task", task.id.toString());
            if (made)
                made(task);
            return task;
        });
    };
    try {
        return attempt();
    } catch (const core::db::ConstraintViolation&) {
        return attempt(); // somebody made the same at this moment; now it is there to be found
    }
}

Task TaskService::create(Transaction& tx, const TaskRequest& request) {
    Task task;
    task.type = request.type;
    task.agent = request.agent;
    task.parameters = request.parameters;
    task.metadata = request.metadata;
    task.slot = request.slot;
    task.retryOf = request.retryOf;
    task.target = request.target;
    task.repository = request.repository;
    const auto agent = AgentStore::find(tx, request.agent);
    if (!agent)
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + request.agent.toString() + ".");
    if (request.target) {
        const auto target = TargetStore::find(tx, *request.target);
        if (!target)
            throw core::Error(errors::kTargetNotFound,
                              "There is no target with the id " + request.target->toString() + ".");
        if ((target->agent && target->agent != request.agent) ||
            (target->policy && request.policy && target->policy != request.policy))
            throw core::Error(errors::kInvalidParameters,
                              "The target \"" + target->name + "\" belongs to another agent or policy.");
    }
    // Also where a waiting task is given instead: what does not exist is never accepted.
    if (request.repository && !RepositoryStore::find(tx, *request.repository))
        throw core::Error(errors::kRepositoryNotFound,
                          "There is no repository with the id " + request.repository->toString() + ".");
    const auto& kind = kinds_.get(request.type);
    std::optional<Policy> policy;
    task.timeoutSeconds = std::chrono::seconds(kind.declaration().timeLimit).count();
    if (request.policy) {
        policy = PolicyStore::find(tx, *request.policy);
        if (!policy)
            throw core::Error(errors::kPolicyNotFound,
                              "There is no policy with the id " + request.policy->toString() + ".");
        // Its snapshots would be nobody's: no target has them, and no light shows how they are.
        if (kind.declaration().makesSnapshot && !PolicyStore::isLinked(tx, request.agent, policy->id))
            throw core::Error(errors::kPolicyNotLinked, "The policy \"" + policy->name +
                                                            "\" is not linked to the agent " +
                                                            agent->hostname + ": link it first.");
        if (auto pending = TaskStore::findPending(tx, request.agent, policy->id, request.type)) {
            if (!request.slot && pending->notBefore) {
                TaskStore::waitNoLonger(tx, pending->id, clock_.now());
                pending->notBefore.reset();
                wakeAfterCommit(tx, pending->agent);
            }
            return *pending;
        }
        task.policy = policy->id;
        task.priority = policy->priority;
        if (kind.declaration().makesSnapshot) // the policy's limit is that of its backups
            task.timeoutSeconds = policy->timeoutSeconds;
        if (!task.repository)
            task.repository = policy->repository;
        if (!task.target && kind.isOfTarget(task))
            if (const auto target = TargetStore::findForLink(tx, request.agent, policy->id))
                task.target = target->id;
    }
    kind.check(task, policy);
    if (request.priority)
        task.priority = *request.priority;
    if (!task.repository && !agent->hasOwnRepository())
        throw core::Error(errors::kRepositoryMissing,
                          "Nothing says which repository it is for: neither the request nor "
                          "its policy names a repository, and the agent " +
                              agent->hostname + " reports none of its own.");
    if (task.repository) {
        const auto repository = RepositoryStore::find(tx, *task.repository);
        if (!repository)
            throw core::Error(errors::kRepositoryNotFound,
                              "There is no repository with the id " + task.repository->toString() + ".");
        if (repository->agent && *repository->agent != request.agent)
            throw core::Error(errors::kInvalidParameters,
                              "The repository \"" + repository->name +
                                  "\" is on the disk of another agent; its tasks go there.");
    }
    return insert(tx, std::move(task));
}

Task TaskService::insert(Transaction& tx, Task task) {
    const Instant now = clock_.now();
    task.id = Uuid::generate(now);
    task.tenant = tx.tenant();
    task.status = TaskState::queued;
    task.createdAt = now;
    TaskStore::insert(tx, task);
    kinds_.get(task.type).made(tx, task);
    wakeAfterCommit(tx, task.agent);
    events_.publishWith(tx, events::TaskCreated{task.tenant, task.id, task.type, task.agent, task.target,
                                                task.priority, task.createdAt});
    if (task.slot && task.policy)
        events_.publishWith(tx, events::TaskScheduled{task.tenant, task.id, *task.policy, task.target,
                                                      *task.slot, task.createdAt});
    return task;
}

std::optional<protocol::Envelope> TaskService::envelopeFor(Transaction& tx, const Task& task) {
    try {
        auto made = payloads_.make(tx, task);
        if (auto* envelope = std::get_if<protocol::Envelope>(&made))
            return std::move(*envelope);
        fail(tx, task, std::get<protocol::TaskError>(made));
    } catch (const core::Error& error) {
        if (error.name() == core::errors::kDatabase.name || error.name() == core::errors::kUnavailable.name)
            throw;
        // A secret that does not open or a row that cannot be read: the agent's other tasks are not its own.
        log_.error("a task could not be handed out", {{"tenant_id", task.tenant.toString()},
                                                      {"task_id", task.id.toString()},
                                                      {"error", core::describeCurrentException()}});
        fail(tx, task, protocol::task_errors::make(protocol::task_errors::kInvalidTask, error.what()));
    }
    return std::nullopt;
}

protocol::TaskPoll TaskService::handOut(const TenantContext& context, const Uuid& agentId, int free) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        protocol::TaskPoll poll;
        const auto agent = AgentStore::find(tx, agentId);
        if (!agent)
            return poll;
        for (const Task& task : TaskStore::takeCancels(tx, agentId, now, now - settings_.cancelAgain)) {
            const protocol::CancelPayload payload{task.id, task.attempt, "cancelled by a user"};
            const auto json = core::wire::toJson(payload);
            poll.items.push_back({"cancel/" + task.id.toString(),
                                  std::string(protocol::envelope_type::kRequest),
                                  std::string(protocol::action::kCancel), *json.object()});
        }
        if (agent->paused || free <= 0)
            return poll;
        lockRow(tx, "restic_agents", agentId); // two polls at once must not both find the last place free
        const auto give = [&](const Task& task) {
            if (auto envelope = envelopeFor(tx, task))
                poll.items.push_back(std::move(*envelope));
        };
        for (const Task& task : TaskStore::takeRepeated(tx, agentId))
            give(task);
        const auto room = agent->maxConcurrentTasks - TaskStore::countHeld(tx, agentId);
        const int limit = static_cast<int>(std::min<std::int64_t>({free, room, 50}));
        if (limit <= 0)
            return poll;
        int given = 0;
        const auto candidates = TaskStore::candidates(tx, agentId, kMostCandidates, now);
        RepositoryQueue::Turn turn(tx, kinds_, candidates, now);
        for (const auto& candidate : candidates) {
            if (given == limit)
                break;
            if (!turn.mayBegin(candidate))
                continue;
            ++given;
            give(TaskStore::assign(tx, candidate.id, now, now + settings_.lease));
        }
        return poll;
    });
}

TaskService::ReportAnswer TaskService::report(const TenantContext& context, const Uuid& agent,
                                              const Uuid& taskId, const protocol::TaskStatusReport& report) {
    const auto state = protocol::parseTaskState(report.status);
    if (!state || !protocol::mayReport(*state))
        throw core::wire::validationError(
            {{"/status", "must be running, success, warning, failed or cancelled"}});
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        const auto task = TaskStore::find(tx, taskId);
        if (!task || (task->agent != agent && !isSuccessor(tx, agent, task->agent)))
            throw core::Error(errors::kTaskNotFound, "This agent has no task with this id.");
        const auto& kind = kinds_.get(task->type);
        requireResult(kind, *state, report);
        auto taken = report;
        const auto items = taken.result ? kind.takeItems(*taken.result) : core::json::Array();
        const auto result = taken.result ? core::json::Value(*taken.result) : core::json::Value();
        ReportAnswer answer;
        answer.ack = {std::string(protocol::toText(task->status)), task->attempt,
                      task->cancelRequestedAt.has_value()};
        // What an older attempt saved is in the repository and must be known, whatever became of the attempt.
        const bool stale = report.attempt != task->attempt || !protocol::isHeldByAgent(task->status);
        if (stale) {
            kind.reported(tx, *task, result, now);
            const bool repeated = protocol::isTerminal(task->status) && report.attempt == task->attempt &&
                                  protocol::toText(task->status) == report.status;
            if (!repeated)
                answer.refusal = protocol::isTerminal(task->status) ? &errors::kTaskAlreadyFinished
                                                                    : &errors::kStaleAttempt;
            return answer;
        }
        if (*state == TaskState::running) {
            TaskStore::recordRunning(
                tx, *task, report.progress ? core::wire::toJson(*report.progress) : core::json::Value(), now,
                now + settings_.lease);
            kind.began(tx, *task, now);
        } else if (report.items && !TaskResults::holds(tx, *task, *report.items)) {
            answer.refusal = &errors::kResultIncomplete;
            TaskStore::extendLease(tx, taskId, report.attempt, now + settings_.lease);
            return answer;
        } else {
            results_.takeFromReport(tx, *task, kind, items, now);
            end(tx, *task, *state, taken);
        }
        const auto after = TaskStore::find(tx, taskId);
        answer.ack = {std::string(protocol::toText(after->status)), after->attempt,
                      after->cancelRequestedAt.has_value()};
        return answer;
    });
}

void TaskService::requireResult(const KindOfTask& kind, TaskState state,
                                const protocol::TaskStatusReport& report) {
    if (report.result) {
        auto problems = kind.problemsOfResult(*report.result);
        for (auto& problem : problems)
            problem.pointer = "/result" + problem.pointer;
        if (!problems.empty())
            throw core::wire::validationError(std::move(problems));
    }
    if (report.items && kind.declaration().item == nullptr)
        throw core::wire::validationError({{"/items", "a task of this kind has no items"}});
    if (state != TaskState::success)
        return;
    if (!report.result)
        throw core::wire::validationError({{"/result", "is required for a task that succeeded"}});
    if (const auto outcome = core::json::Value(*report.result).stringOr("outcome"); outcome != "success")
        throw core::wire::validationError(
            {{"/result/outcome", "must be success, as the status is; it is " + outcome}});
}

bool TaskService::isSuccessor(Transaction& tx, const Uuid& agent, const Uuid& before) {
    const auto now = AgentStore::find(tx, agent);
    const auto old = AgentStore::find(tx, before, true);
    return now && old && old->revokedAt && now->hostname == old->hostname;
}

std::optional<core::milliseconds> TaskService::backoffAfter(const Task& task,
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

void TaskService::end(Transaction& tx, const Task& task, TaskState state,
                      const protocol::TaskStatusReport& report) {
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

bool TaskService::requeue(Transaction& tx, const Task& task, std::optional<Instant> notBefore,
                          const core::json::Value& error, Instant now) {
    if (!TaskStore::requeue(tx, task, notBefore, error, now))
        return false;
    if (kinds_.get(task.type).declaration().item != nullptr)
        ResultStore::erase(tx, task.id);
    return true;
}

void TaskService::passOn(Transaction& tx, const Task& task, bool worked, Instant now) {
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

void TaskService::fail(Transaction& tx, const Task& task, const protocol::TaskError& error) {
    protocol::TaskStatusReport report;
    report.attempt = task.attempt;
    report.status = "failed";
    report.error = error;
    end(tx, task, TaskState::failed, report);
}

TaskService::LogAnswer TaskService::appendLogs(const TenantContext& context, const Uuid& agent,
                                               const Uuid& taskId, const protocol::LogBatch& batch) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        const auto task = TaskStore::find(tx, taskId);
        if (!task || task->agent != agent)
            throw core::Error(errors::kTaskNotFound, "This agent has no task with this id.");
        LogAnswer answer;
        answer.state = {std::string(protocol::toText(task->status)), task->attempt,
                        task->cancelRequestedAt.has_value()};
        if (batch.attempt > task->attempt || batch.attempt < 1) {
            answer.refusal = &errors::kStaleAttempt;
            return answer;
        }
        // Lines of an ended or older attempt are history that nobody else has: they are kept.
        answer.ack.ackedSeq =
            logBudget_.take(tx.tenant(), bytesOf(batch), now)
                ? LogStore::append(tx, taskId, batch, now)
                : LogStore::leaveOut(
                      tx, taskId, batch, now,
                      "The logs of this hour are more than the host keeps; lines are missing here.");
        if (batch.attempt == task->attempt && protocol::isHeldByAgent(task->status))
            TaskStore::extendLease(tx, taskId, batch.attempt, now + settings_.lease);
        return answer;
    });
}

TaskService::ItemsAnswer TaskService::appendItems(const TenantContext& context, const Uuid& agent,
                                                  const Uuid& taskId, const protocol::ResultPart& part) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        const auto task = TaskStore::find(tx, taskId);
        if (!task || (task->agent != agent && !isSuccessor(tx, agent, task->agent)))
            throw core::Error(errors::kTaskNotFound, "This agent has no task with this id.");
        ItemsAnswer answer;
        answer.state = {std::string(protocol::toText(task->status)), task->attempt,
                        task->cancelRequestedAt.has_value()};
        if (part.attempt != task->attempt || !protocol::isHeldByAgent(task->status)) {
            answer.refusal =
                protocol::isTerminal(task->status) ? &errors::kTaskAlreadyFinished : &errors::kStaleAttempt;
            return answer;
        }
        answer.ack = results_.take(tx, *task, kinds_.get(task->type), part, now);
        TaskStore::extendLease(tx, taskId, part.attempt, now + settings_.lease);
        return answer;
    });
}

Task TaskService::cancel(const TenantContext& context, const Uuid& taskId, const Made& made) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        const auto task = TaskStore::find(tx, taskId);
        if (!task)
            throw core::Error(errors::kTaskNotFound,
                              "There is no task with the id " + taskId.toString() + ".");
        if (protocol::isTerminal(task->status))
            throw core::Error(errors::kTaskAlreadyFinished, "The task has already ended: it is " +
                                                                std::string(protocol::toText(task->status)) +
                                                                ".");
        if (protocol::isHeldByAgent(task->status)) {
            TaskStore::requestCancel(tx, taskId, now);
            wakeAfterCommit(tx, task->agent);
        } else {
            cancelWaiting(tx, *task, "The task was cancelled before it began.");
        }
        auto cancelled = TaskStore::find(tx, taskId).value();
        if (made)
            made(cancelled);
        return cancelled;
    });
}

void TaskService::cancelWaiting(Transaction& tx, const Task& task, const std::string& why) {
    protocol::TaskStatusReport report;
    report.attempt = task.attempt;
    report.error = protocol::task_errors::make(protocol::task_errors::kCancelled, why);
    end(tx, task, TaskState::cancelled, report);
}

void TaskService::abandonAll(Transaction& tx, const Uuid& agent) {
    for (const Task& task : TaskStore::waiting(tx, agent))
        cancelWaiting(tx, task, "The agent was removed before the task began.");
    for (const Task& task : TaskStore::held(tx, agent))
        fail(tx, task,
             protocol::task_errors::make(protocol::task_errors::kAgentRemoved,
                                         "The agent was removed while it held the task. A snapshot that it "
                                         "still finishes stays in the repository."));
}

Task TaskService::retry(const TenantContext& context, const Uuid& taskId, const Made& made) {
    return database_.transact(context, [&](Transaction& tx) {
        const auto task = TaskStore::find(tx, taskId);
        if (!task)
            throw core::Error(errors::kTaskNotFound,
                              "There is no task with the id " + taskId.toString() + ".");
        if (!protocol::isTerminal(task->status))
            throw core::Error(core::errors::kConflict, "The task has not ended yet; cancel it first.");
        TaskRequest request;
        request.type = task->type;
        request.agent = task->agent;
        request.policy = task->policy;
        request.repository = task->repository;
        request.target = task->target;
        request.parameters = task->parameters;
        request.metadata = task->metadata;
        request.priority = task->priority;
        request.retryOf = task->id;
        auto again = create(tx, request);
        if (made)
            made(again);
        return again;
    });
}

void TaskService::giveBack(Transaction& tx, const Task& task, const protocol::TaskError& why) {
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

void TaskService::reconcile(Transaction& tx, const Uuid& agent,
                            const std::vector<std::pair<Uuid, int>>& open) {
    const Instant now = clock_.now();
    // An answer may still be on its way to the agent when it says what it holds.
    constexpr auto kOnTheWay = core::seconds{15};
    for (const Task& task : TaskStore::held(tx, agent)) {
        const bool known = std::any_of(open.begin(), open.end(), [&](const auto& entry) {
            return entry.first == task.id && entry.second == task.attempt;
        });
        if (known)
            TaskStore::extendLease(tx, task.id, task.attempt, now + settings_.lease);
        else if (task.status == TaskState::assigned) {
            // Whoever has it after all ignores the same attempt; whoever has not must not wait for the lease.
            TaskStore::repeatHandOut(tx, task);
            wakeAfterCommit(tx, agent);
        } else if (task.assignedAt && *task.assignedAt + kOnTheWay < now)
            giveBack(tx, task,
                     protocol::task_errors::make(protocol::task_errors::kInterrupted,
                                                 "The agent no longer knows this task."));
    }
}

void TaskService::each(const std::vector<TaskStore::Key>& tasks, const Fence& fence, const char* what,
                       const std::function<void(Transaction&, const Task&)>& work) {
    for (const auto& key : tasks) {
        const auto log = [&] {
            log_.error(what, {{"tenant_id", key.tenant.toString()},
                              {"task_id", key.id.toString()},
                              {"error", core::describeCurrentException()}});
        };
        try {
            database_.transact(TenantContext(key.tenant), [&](Transaction& tx) {
                fence(tx);
                if (const auto task = TaskStore::find(tx, key.id))
                    work(tx, *task);
            });
        } catch (const core::Error& error) {
            if (error.name() == core::errors::kLeaseLost.name)
                throw;
            log();
        } catch (const std::exception&) {
            log();
        }
    }
}

void TaskService::sweep(const Fence& fence) {
    const Instant now = clock_.now();
    const core::SystemContext system("lease sweep");
    each(database_.read(system, [&](Transaction& tx) { return TaskStore::lapsed(tx, now, kSweepBatch); }),
         fence, "a lease could not be ended", [&](Transaction& tx, const Task& task) {
             if (!task.leaseUntil || *task.leaseUntil >= now)
                 return;
             if (task.status == TaskState::assigned)
                 giveBack(tx, task,
                          protocol::task_errors::make(protocol::task_errors::kInterrupted,
                                                      "The agent took the task and did not begin it."));
             else if (task.status == TaskState::running)
                 TaskStore::setUnreachable(tx, task, now);
         });
    each(database_.read(system, [&](Transaction& tx) { return TaskStore::overdue(tx, now, kSweepBatch); }),
         fence, "an overdue task could not be ended", [&](Transaction& tx, const Task& task) {
             if (task.status == TaskState::unreachable)
                 fail(tx, task, protocol::task_errors::make(protocol::task_errors::kTaskTimeout));
         });
    // Retries whose time has come: their agents are asleep in a long poll.
    const auto due = database_.read(
        system, [&](Transaction& tx) { return TaskStore::agentsWithDueRetries(tx, lastSweep_, now); });
    lastSweep_ = now;
    for (const Uuid& agent : due)
        if (wake_)
            wake_(agent);
}

} // namespace restic
