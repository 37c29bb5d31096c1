#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "core/process.h"
#include "restic/cli/command.h"
#include "restic/cli/retry_watch.h"
#include "restic/cli/work.h"

namespace restic::cli {

/// Does pieces of work to their end while the caller waits; nothing of it outlives the process. Thread-safe.
class WorkRunner {
public:
    /// `folder` is there and takes the outputs of commands while they are read.
    WorkRunner(core::ProcessRunner& processes, const ResticCommands& commands, std::filesystem::path folder)
        : processes_(processes), commands_(commands), folder_(std::move(folder)) {}

    struct Limits {
        /// For all commands of the work together.
        std::chrono::milliseconds timeout;
        RetryPatience patience = RetryPatience::whileItMayHelp;
    };
    /// Why it failed, or nothing; what it found, the work knows. A work that was stopped has failed with
    /// kInterrupted.
    [[nodiscard]] std::optional<protocol::TaskError> run(const RepositoryAccess& repository, ResticWork& work,
                                                         const Limits& limits,
                                                         const std::stop_token& stop) const;

private:
    core::ProcessRunner& processes_;
    const ResticCommands& commands_;
    std::filesystem::path folder_;
};

} // namespace restic::cli
