#include "tasks/task_service.h"

#include <algorithm>

#include "agents/agent_store.h"
#include "errors.h"
#include "lock_row.h"
#include "policies/target_store.h"
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

/// Some of them may have to wait for another agent.
constexpr int kMostCandidates = 100;

} // namespace

TaskService::TaskService(core::db::Database& database, const core::Clock& clock, core::event::Bus& events,
                         core::ServiceHandle<base::SecretVault> vault, const core::Logger& log,
                         TaskSettings settings, std::vector<std::unique_ptr<KindOfTask>> kinds)
    : database_(database), clock_(clock), events_(events), kinds_(std::move(kinds)), log_(log),
      settings_(settings), payloads_(database, std::move(vault), kinds_), results_(settings.resultBytes),
      ends_(clock, events, kinds_, settings_), leases_(database, clock, log, ends_, settings.lease),
      uploads_(database, clock, kinds_, results_, settings_) {}

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
    const auto& kind = kinds_.get(request.type);
    const auto agent = AgentStore::find(tx, request.agent);
    if (!agent)
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + request.agent.toString() + ".");
    if (agent->isPlaceholder())
        throw core::Error(errors::kAgentIsPlaceholder,
                          agent->hostname + " was imported and no agent runs there yet. Enrol restic-agent "
                                            "there with this host name first.");
    if (request.target) {
        const auto target = TargetStore::find(tx, *request.target);
        if (!target)
            throw core::Error(errors::kTargetNotFound,
                              "There is no target with the id " + request.target->toString() + ".");
        // What it saved may be cared for by another agent.
        if ((target->agent && target->agent != request.agent && !kind.declaration().removes) ||
            (target->policy && request.policy && target->policy != request.policy))
            throw core::Error(errors::kInvalidParameters,
                              "The target \"" + target->name + "\" belongs to another agent or policy.");
    }
    // Also where a waiting task is given instead: what does not exist is never accepted.
    if (request.repository && !RepositoryStore::find(tx, *request.repository))
        throw core::Error(errors::kRepositoryNotFound,
                          "There is no repository with the id " + request.repository->toString() + ".");
    std::optional<Policy> policy;
    task.timeoutSeconds = std::chrono::seconds(kind.declaration().timeLimit).count();
    if (request.policy) {
        policy = PolicyStore::findFor(tx, *request.policy, request.agent);
        if (!policy)
            throw core::Error(errors::kPolicyNotFound,
                              "There is no policy with the id " + request.policy->toString() + ".");
        // Its snapshots would be nobody's: no target has them, and no light shows how they are.
        if (kind.declaration().makesSnapshot && !PolicyStore::isLinked(tx, request.agent, policy->id))
            throw core::Error(errors::kPolicyNotLinked, "The policy \"" + policy->name +
                                                            "\" is not linked to the agent " +
                                                            agent->hostname + ": link it first.");
        if (!task.target && kind.isOfTarget(task))
            if (const auto target = TargetStore::findForLink(tx, request.agent, policy->id))
                task.target = target->id;
        auto waiting = TaskStore::pending(tx, request.agent, policy->id, request.type);
        std::erase_if(waiting, [&](const Task& other) {
            if (kind.doesTheSame(other, task))
                return false;
            if (!kind.declaration().removes) // one waits; of those that remove one for each target
                ends_.cancelWaiting(tx, other, "Something else was asked for before it began.");
            return true;
        });
        if (!waiting.empty()) {
            auto pending = std::move(waiting.front());
            if (!request.slot && pending.notBefore) {
                TaskStore::waitNoLonger(tx, pending.id, clock_.now());
                pending.notBefore.reset();
                ends_.wakeAfterCommit(tx, pending.agent);
            }
            return pending;
        }
        task.policy = policy->id;
        task.priority = policy->priority;
        if (kind.declaration().makesSnapshot) // the policy's limit is that of its backups
            task.timeoutSeconds = policy->timeoutSeconds;
        if (!task.repository)
            task.repository = policy->repository;
    }
    if (request.unsaved)
        task.unsavedUntil = clock_.now() + std::chrono::seconds(task.timeoutSeconds);
    kind.check(task, policy);
    if (request.priority)
        task.priority = *request.priority;
    if (!task.repository && !task.unsavedUntil && kind.declaration().onRepository &&
        !agent->hasOwnRepository())
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
        if (kind.declaration().removes && !repository->mayRemove(request.agent))
            throw core::Error(errors::kRepositoryAppendOnly, whyAppendOnly(*repository));
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
    ends_.wakeAfterCommit(tx, task.agent);
    events_.publishWith(tx, events::TaskCreated{task.tenant, task.id, task.type, task.agent, task.target,
                                                task.priority, task.createdAt});
    if (task.slot && task.policy)
        events_.publishWith(tx, events::TaskScheduled{task.tenant, task.id, *task.policy, task.target,
                                                      *task.slot, task.createdAt});
    return task;
}

void TaskService::createNext(Transaction& tx, const Task& ended, const Uuid& agent) {
    if (ended.status != TaskState::success && ended.status != TaskState::warning)
        return;
    auto next = kinds_.get(ended.type).next(ended);
    if (!next)
        return;
    next->agent = agent;
    try {
        create(tx, *next);
    } catch (const core::Error& error) {
        if (error.name() == core::errors::kDatabase.name || error.name() == core::errors::kUnavailable.name)
            throw;
        log_.error("the task that follows another was not made",
                   {{"tenant_id", ended.tenant.toString()},
                    {"task_id", ended.id.toString()},
                    {"type", next->type},
                    {"error", core::describeCurrentException()}});
    }
}

std::optional<protocol::Envelope> TaskService::envelopeFor(Transaction& tx, const Task& task) {
    try {
        auto made = payloads_.make(tx, task);
        if (auto* envelope = std::get_if<protocol::Envelope>(&made))
            return std::move(*envelope);
        ends_.fail(tx, task, std::get<protocol::TaskError>(made));
    } catch (const core::Error& error) {
        if (error.name() == core::errors::kDatabase.name || error.name() == core::errors::kUnavailable.name)
            throw;
        // A secret that does not open or a row that cannot be read: the agent's other tasks are not its own.
        log_.error("a task could not be handed out", {{"tenant_id", task.tenant.toString()},
                                                      {"task_id", task.id.toString()},
                                                      {"error", core::describeCurrentException()}});
        ends_.fail(tx, task, protocol::task_errors::make(protocol::task_errors::kInvalidTask, error.what()));
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
        auto backedUp = candidates.empty() ? std::set<Uuid>() : TaskStore::policiesBackedUp(tx, agentId);
        for (const auto& candidate : candidates) {
            if (given == limit)
                break;
            // The same files are not read twice at once.
            const bool backsUp = candidate.policy && candidate.kind == protocol::kinds::backup.name;
            if ((backsUp && backedUp.contains(*candidate.policy)) || !turn.mayBegin(candidate))
                continue;
            if (backsUp)
                backedUp.insert(*candidate.policy);
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
        if (!task || (task->agent != agent && !AgentStore::isSuccessor(tx, agent, task->agent)))
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
        } else if (!isComplete(tx, *task, kind, *state, report)) {
            answer.refusal = &errors::kResultIncomplete;
            TaskStore::extendLease(tx, taskId, report.attempt, now + settings_.lease);
            return answer;
        } else {
            results_.takeFromReport(tx, *task, kind, items, now);
            ends_.end(tx, *task, *state, taken);
            createNext(tx, TaskStore::find(tx, taskId).value(), agent);
        }
        const auto after = TaskStore::find(tx, taskId);
        answer.ack = {std::string(protocol::toText(after->status)), after->attempt,
                      after->cancelRequestedAt.has_value()};
        return answer;
    });
}

bool TaskService::isComplete(Transaction& tx, const Task& task, const KindOfTask& kind, TaskState state,
                             const protocol::TaskStatusReport& report) {
    if (report.items)
        return TaskResults::holds(tx, task, *report.items);
    // Who says nothing of items has none, or has failed before they were complete.
    const bool worked = state == TaskState::success || state == TaskState::warning;
    return kind.declaration().item == nullptr || !worked || TaskResults::holds(tx, task, {});
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
            ends_.wakeAfterCommit(tx, task->agent);
        } else {
            ends_.cancelWaiting(tx, *task, "The task was cancelled before it began.");
        }
        auto cancelled = TaskStore::find(tx, taskId).value();
        if (made)
            made(cancelled);
        return cancelled;
    });
}

void TaskService::abandonAll(Transaction& tx, const Uuid& agent) {
    for (const Task& task : TaskStore::waiting(tx, agent))
        ends_.cancelWaiting(tx, task, "The agent was removed before the task began.");
    for (const Task& task : TaskStore::held(tx, agent))
        ends_.fail(
            tx, task,
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
        if (auto why = kinds_.get(task->type).whyNotAgain(*task))
            throw core::Error(core::errors::kConflict, std::move(*why));
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

} // namespace restic
