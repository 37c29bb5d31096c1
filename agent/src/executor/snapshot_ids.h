#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "executor/repository_commands.h"
#include "executor/task_run.h"
#include "restic/cli/snapshots.h"

namespace agent {

/// What a task's repository says of its snapshots. One thread.
class SnapshotIds {
public:
    SnapshotIds(const TaskServices& services, const RepositoryCommands& commands)
        : services_(services), commands_(commands) {}

    /// The snapshots that such a filter of restic's finds, also after a cancelled restic; nullopt: no
    /// telling.
    [[nodiscard]] std::optional<std::vector<restic::cli::SnapshotInfo>>
    find(const std::optional<restic::cli::RepositoryAccess>& access, const std::vector<std::string>& filter,
         const std::stop_token& stop) const;

    /// The whole id of a snapshot of which restic named the beginning: from the repository's folder, from
    /// restic's cache, or from restic. nullopt: it is not to be had.
    [[nodiscard]] std::optional<std::string> whole(const std::string& shortId,
                                                   const std::optional<restic::cli::RepositoryAccess>& access,
                                                   const std::optional<std::filesystem::path>& folder,
                                                   const std::stop_token& stop) const;

private:
    const TaskServices& services_;
    const RepositoryCommands& commands_;
};

} // namespace agent
