#include "tasks/snapshot_restore.h"

#include <algorithm>

#include "agents/agent_store.h"
#include "core/wire.h"
#include "dumps/dump_of_snapshot.h"
#include "errors.h"
#include "policies/target_store.h"
#include "repositories/repository_store.h"
#include "restic/protocol/task_kinds.h"
#include "snapshots/snapshot_store.h"
#include "tasks/kinds/restore.h"
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

bool isBelow(const std::string& path, const std::string& folder) {
    return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

/// What it saved, but for the folder in which dumps stood for it.
std::vector<std::string> ownPaths(const Snapshot& snapshot) {
    const auto dumps = dumpsIn(snapshot.dumps);
    std::vector<std::string> out;
    for (const auto& path : snapshot.paths)
        if (std::none_of(dumps.begin(), dumps.end(),
                         [&](const DumpOfSnapshot& dump) { return isBelow(dump.file, path); }))
            out.push_back(path);
    return out;
}
} // namespace

TaskRequest requestRestore(Transaction& tx, const Uuid& id, const std::optional<Uuid>& agent,
                           protocol::RestoreParameters parameters) {
    const auto snapshot = SnapshotStore::find(tx, id);
    if (!snapshot || snapshot->removedAt)
        throw core::Error(errors::kSnapshotNotFound,
                          "There is no snapshot with the id " + id.toString() + ".");
    if (snapshot->ownDump)
        throw core::Error(errors::kIsADump,
                          "The snapshot " + snapshot->shortId + " is the dump of a database and no files.");
    auto problems = protocol::problemsOf(parameters);
    if (parameters.inPlace && parameters.paths.empty()) {
        parameters.paths = ownPaths(*snapshot);
        const bool usable =
            !parameters.paths.empty() && parameters.paths.size() <= protocol::kMostRestorePaths &&
            std::none_of(parameters.paths.begin(), parameters.paths.end(),
                         [](const std::string& path) { return protocol::checkRestorePath(path); });
        if (!usable)
            problems.push_back({"/paths", "is required: what the snapshot saved is not known"});
    }
    const auto repository = RepositoryStore::find(tx, snapshot->repository);
    if (!repository)
        throw core::Error(errors::kRepositoryNotFound,
                          "The snapshot's repository is not registered any more.");
    const auto chosen = agent ? agent : repository->agent ? repository->agent : makerOf(tx, *snapshot);
    if (!chosen)
        problems.push_back(
            {"/agent_id", "is required: no agent of the machine that made the snapshot is known"});
    else if (repository->agent && *repository->agent != *chosen)
        problems.push_back({"/agent_id", "must be the agent on whose disk the repository \"" +
                                             repository->name + "\" is: no other reaches it"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    RestoreRequest request;
    static_cast<protocol::RestoreParameters&>(request) = std::move(parameters);
    request.snapshot = id;
    TaskRequest wanted;
    wanted.type = protocol::kinds::restore.name;
    wanted.agent = *chosen;
    wanted.repository = snapshot->repository;
    wanted.parameters = core::wire::toJson(request);
    return wanted;
}

} // namespace restic
