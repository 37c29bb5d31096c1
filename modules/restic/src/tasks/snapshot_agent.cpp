#include "tasks/snapshot_agent.h"

#include "agents/agent_store.h"
#include "core/wire.h"
#include "errors.h"
#include "policies/target_store.h"
#include "tasks/task_store.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
/// The agent of the machine that made it, if that still is one.
std::optional<Uuid> makerOf(Transaction& tx, const Snapshot& snapshot) {
    const auto known = [&](const std::optional<Uuid>& id) {
        return id && AgentStore::find(tx, *id) ? id : std::nullopt;
    };
    if (snapshot.run)
        if (const auto task = TaskStore::find(tx, *snapshot.run))
            if (const auto agent = known(task->agent))
                return agent;
    if (snapshot.target)
        if (const auto target = TargetStore::find(tx, *snapshot.target))
            if (const auto agent = known(target->agent))
                return agent;
    if (snapshot.hostname)
        if (const auto agent = AgentStore::findByHostname(tx, *snapshot.hostname))
            return agent->id;
    return std::nullopt;
}
} // namespace

std::optional<Uuid> agentOfSnapshot(Transaction& tx, const Snapshot& snapshot, const Repository& repository,
                                    const std::optional<Uuid>& named, std::vector<core::Problem>& problems) {
    const auto chosen = named ? named : repository.agent ? repository.agent : makerOf(tx, snapshot);
    if (chosen && repository.agent && *repository.agent != *chosen)
        problems.push_back({"/agent_id", "must be the agent on whose disk the repository \"" +
                                             repository.name + "\" is: no other reaches it"});
    return chosen;
}

Uuid requireAgentOf(Transaction& tx, const Snapshot& snapshot, const Repository& repository,
                    const std::optional<Uuid>& named) {
    std::vector<core::Problem> problems;
    const auto agent = agentOfSnapshot(tx, snapshot, repository, named, problems);
    if (!agent)
        problems.push_back(
            {"/agent_id", "is required: no agent of the machine that made the snapshot is known"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    return *agent;
}

Snapshot requireSnapshot(Transaction& tx, const Uuid& id) {
    auto snapshot = SnapshotStore::find(tx, id);
    if (!snapshot || snapshot->removedAt)
        throw core::Error(errors::kSnapshotNotFound,
                          "There is no snapshot with the id " + id.toString() + ".");
    return std::move(*snapshot);
}

Repository requireRepositoryOf(Transaction& tx, const Snapshot& snapshot) {
    auto repository = RepositoryStore::find(tx, snapshot.repository);
    if (!repository)
        throw core::Error(errors::kRepositoryNotFound,
                          "The snapshot's repository is not registered any more.");
    return std::move(*repository);
}

} // namespace restic
