#include "tasks/snapshot_restore.h"

#include <algorithm>

#include "core/wire.h"
#include "dumps/dump_of_snapshot.h"
#include "errors.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/kinds/restore.h"
#include "tasks/snapshot_agent.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
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
    const auto snapshot = requireSnapshot(tx, id);
    if (snapshot.ownDump)
        throw core::Error(errors::kIsADump,
                          "The snapshot " + snapshot.shortId + " is the dump of a database and no files.");
    auto problems = protocol::problemsOf(parameters);
    if (parameters.inPlace && parameters.paths.empty()) {
        parameters.paths = ownPaths(snapshot);
        const bool usable =
            !parameters.paths.empty() && parameters.paths.size() <= protocol::kMostRestorePaths &&
            std::none_of(parameters.paths.begin(), parameters.paths.end(),
                         [](const std::string& path) { return protocol::checkRestorePath(path); });
        if (!usable)
            problems.push_back({"/paths", "is required: what the snapshot saved is not known"});
    }
    const auto repository = requireRepositoryOf(tx, snapshot);
    const auto chosen = agentOfSnapshot(tx, snapshot, repository, agent, problems);
    if (!chosen)
        problems.push_back(
            {"/agent_id", "is required: no agent of the machine that made the snapshot is known"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    RestoreRequest request;
    static_cast<protocol::RestoreParameters&>(request) = std::move(parameters);
    request.snapshot = id;
    TaskRequest wanted;
    wanted.type = protocol::kinds::restore.name;
    wanted.agent = *chosen;
    wanted.repository = snapshot.repository;
    wanted.parameters = core::wire::toJson(request);
    return wanted;
}

} // namespace restic
