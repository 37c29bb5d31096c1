#include "tasks/repository_queue.h"

#include <algorithm>

#include "agents/agent_store.h"
#include "lock_row.h"
#include "repositories/place.h"
#include "repositories/repository_store.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;
using protocol::LockClass;

namespace {
LockClass lockOf(const Kinds& kinds, const std::string& kind) {
    return kinds.get(kind).declaration().lock;
}

/// Why a task waits: for pages, and for people.
struct Reason {
    std::string_view code;
    std::string_view sentence;
};
constexpr Reason kOthersWork{"others_work", "It needs the repository for itself, and others work on it."};
constexpr Reason kTaken{"taken", "A task has the repository for itself."};
constexpr Reason kTurn{"turn", "A task that needs the repository for itself was there first."};
constexpr Reason kNewRepository{
    "new_repository", "The repository is new: until a first task has succeeded they go one at a time."};

RepositoryQueue::Wait because(const Reason& reason, std::vector<TaskStore::Claim> claims) {
    return {std::move(claims), std::string(reason.code), std::string(reason.sentence)};
}

bool excludeEachOther(LockClass a, LockClass b) {
    return a != LockClass::none && b != LockClass::none &&
           (a == LockClass::exclusive || b == LockClass::exclusive);
}

/// Whether the task's agent would take it now: one that is away, paused or busy must not hold up the others.
bool canBegin(Transaction& tx, const TaskStore::Claim& task) {
    const auto agent = AgentStore::find(tx, task.agent);
    return agent && agent->status == "online" && !agent->paused &&
           TaskStore::countHeld(tx, task.agent) < agent->maxConcurrentTasks;
}

/// Whether `other` was there first: by priority, then by age.
bool standsBefore(const TaskStore::Claim& other, const TaskStore::Claim& task) {
    return other.priority != task.priority ? other.priority > task.priority : other.id < task.id;
}
} // namespace

std::vector<std::string> RepositoryQueue::waitCodes() {
    std::vector<std::string> codes;
    for (const auto& reason : {kOthersWork, kTaken, kTurn, kNewRepository})
        codes.emplace_back(reason.code);
    return codes;
}

RepositoryQueue::Turn::Turn(Transaction& tx, const Kinds& kinds, const std::vector<TaskStore::Claim>& tasks,
                            core::Instant now)
    : tx_(tx), kinds_(kinds), now_(now) {
    // In one order everywhere: two hosts with the same repositories must not wait for each other.
    std::set<Uuid> repositories;
    for (const auto& task : tasks)
        if (task.repository && lockOf(kinds, task.kind) != LockClass::none)
            repositories.insert(*task.repository);
    for (const auto& id : repositories)
        lockRow(tx, "restic_repositories", id);
}

bool RepositoryQueue::Turn::mayBegin(const TaskStore::Claim& task) {
    if (!task.repository)
        return true;
    const std::pair key(*task.repository, task.kind);
    if (waiting_.contains(key))
        return false;
    if (!waitOf(tx_, kinds_, task, *task.repository, now_))
        return true;
    waiting_.insert(key);
    return false;
}

std::optional<RepositoryQueue::Wait> RepositoryQueue::waitOf(Transaction& tx, const Kinds& kinds,
                                                             const TaskStore::Claim& task,
                                                             const Uuid& repositoryId, core::Instant now) {
    const auto repository = RepositoryStore::find(tx, repositoryId);
    const auto lock = lockOf(kinds, task.kind);
    if (!repository || lock == LockClass::none)
        return std::nullopt;
    std::vector<TaskStore::Claim> before;
    const auto held = TaskStore::heldOf(tx, repositoryId);
    for (const auto& other : held)
        if (other.id != task.id && excludeEachOther(lock, lockOf(kinds, other.kind)))
            before.push_back(other);
    if (!before.empty())
        return because(lock == LockClass::exclusive ? kOthersWork : kTaken, std::move(before));
    // One that needs the repository for itself would never have it, if later ones went ahead of it.
    if (lock == LockClass::shared)
        for (const auto& other : TaskStore::waitingAlone(tx, repositoryId, now))
            if (standsBefore(other, task) && canBegin(tx, other))
                before.push_back(other);
    if (!before.empty())
        return because(kTurn, std::move(before));
    const auto isNew = [&](const Uuid& agent) {
        return !PlaceStore::firstSuccess(tx, placeOf(*repository, agent));
    };
    if (!isNew(task.agent))
        return std::nullopt;
    // Of two who initialise one place at once each writes a master key, and the repository is lost. A path of
    // two machines may be one shared folder.
    for (const auto& other : held)
        if (other.id != task.id && lockOf(kinds, other.kind) != LockClass::none && isNew(other.agent))
            before.push_back(other);
    if (before.empty())
        return std::nullopt;
    return because(kNewRepository, std::move(before));
}

} // namespace restic
