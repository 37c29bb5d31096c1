#include "tasks/task_wait.h"

#include "agents/agent_store.h"
#include "restic/protocol/task_kinds.h"

namespace restic {

namespace {
struct Reason {
    const char* code;
    const char* sentence;
};
constexpr Reason kAgain{"again", "It failed, and its next attempt is not due yet."};
constexpr Reason kPaused{"paused", "Its agent is paused and takes no task."};
constexpr Reason kOffline{"offline", "Its agent is not online."};
constexpr Reason kBusy{"busy", "Its agent has as many tasks as it may have at once."};
constexpr Reason kSame{"same", "The backup of the same policy before it still runs."};

TaskWaiting because(const Reason& reason) {
    TaskWaiting waiting;
    waiting.code = reason.code;
    waiting.reason = reason.sentence;
    return waiting;
}
} // namespace

std::vector<std::string> waitCodes() {
    auto codes = RepositoryQueue::waitCodes();
    for (const auto& reason : {kAgain, kPaused, kOffline, kBusy, kSame})
        codes.emplace_back(reason.code);
    return codes;
}

std::optional<TaskWaiting> waitOf(core::db::Transaction& tx, const Kinds& kinds, const Task& task,
                                  core::Instant now) {
    if (task.status != protocol::TaskState::queued)
        return std::nullopt;
    if (task.notBefore && *task.notBefore > now) {
        auto waiting = because(kAgain);
        waiting.until = task.notBefore;
        return waiting;
    }
    if (const auto agent = AgentStore::find(tx, task.agent)) {
        if (agent->paused)
            return because(kPaused);
        if (agent->status == "offline")
            return because(kOffline);
        if (TaskStore::countHeld(tx, task.agent) >= agent->maxConcurrentTasks)
            return because(kBusy);
        if (task.policy && task.type == protocol::kinds::backup.name &&
            TaskStore::policiesBackedUp(tx, task.agent).contains(*task.policy))
            return because(kSame);
    }
    if (!task.repository)
        return std::nullopt;
    const TaskStore::Claim claim{task.id, task.type, task.agent, task.priority, task.repository};
    auto queued = RepositoryQueue::waitOf(tx, kinds, claim, *task.repository, now);
    return queued ? std::optional(TaskWaiting{std::move(*queued), std::nullopt}) : std::nullopt;
}

} // namespace restic
