#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "executor/repository_commands.h"
#include "executor/stale_locks.h"
#include "executor/task_report.h"
#include "kinds/restore.h"
#include "restic/cli/repository_access.h"

namespace agent {

/// `restic restore --verify` into a folder of the agent's own, which is watched: it ends with the agent, with
/// its task, with its time, and before the disk is full. One thread.
class ScratchRestore {
public:
    ScratchRestore(const TaskServices& services, TaskReport& report, const RepositoryCommands& commands,
                   std::chrono::steady_clock::time_point until)
        : services_(services), report_(report), commands_(commands), locks_(commands, report), until_(until) {
    }

    struct End {
        /// Why it did not come to its end, or what restic says beside the problems.
        std::optional<restic::protocol::TaskError> error;
        /// What it could not bring back.
        std::uint64_t problemCount = 0;
        std::vector<restic::protocol::RestoreProblem> problems;
    };
    /// `paths`: empty: all of the snapshot.
    End run(const restic::cli::RepositoryAccess& repository, const restic::cli::ResticVersion& version,
            const restic::protocol::RestoreTask& task, const std::filesystem::path& folder,
            const std::stop_token& stop);

private:
    End once(const restic::cli::RepositoryAccess& repository, Restore& work, const std::stop_token& stop,
             bool& again);
    [[nodiscard]] std::optional<restic::protocol::TaskError> whyEnd(const std::stop_token& stop);

    const TaskServices& services_;
    TaskReport& report_;
    const RepositoryCommands& commands_;
    StaleLocks locks_;
    std::chrono::steady_clock::time_point until_;
    std::chrono::steady_clock::time_point nextLook_{};
};

} // namespace agent
