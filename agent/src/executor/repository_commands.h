#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/process.h"
#include "executor/task_report.h"
#include "restic/cli/repository_access.h"
#include "restic/cli/retry_watch.h"
#include "waiting/patience.h"

namespace agent {

/// Short restic commands on a task's repository: they take seconds, and end with the agent. The first 64 KiB
/// of their output are kept. One thread.
class RepositoryCommands {
public:
    /// How long one of them may take.
    static constexpr std::chrono::milliseconds kMost{120'000};

    RepositoryCommands(const TaskServices& services, TaskReport& report, std::chrono::milliseconds timeout,
                       restic::cli::RetryPatience patience = restic::cli::RetryPatience::whileItMayHelp)
        : services_(services), report_(report), timeout_(timeout), patience_(patience) {}

    /// What the command said and how it ended; the reason in `error` if it did not come to an end. One that
    /// tried in vain has failed, with what it said until then.
    /// `evenIfCancelled`: also for what is done after a cancelled restic; it gets a quarter of a minute.
    std::optional<core::ProcessResult> run(const restic::cli::RepositoryAccess& repository,
                                           const std::vector<std::string>& arguments,
                                           const std::stop_token& stop,
                                           std::optional<restic::protocol::TaskError>& error,
                                           bool evenIfCancelled = false) const;
    /// The same for a long output, of which `line` gets each line; true if it came to a good end. `most`: how
    /// long it may take, within the task's time.
    bool readLines(const restic::cli::RepositoryAccess& repository, const std::vector<std::string>& arguments,
                   const std::stop_token& stop, std::optional<restic::protocol::TaskError>& error,
                   const std::function<void(std::string_view)>& line,
                   std::chrono::milliseconds most = kMost) const;

    /// Does what may hang on a dead file system; nullopt: the agent ends, the task was cancelled, or its time
    /// is over.
    template <typename Work>
    auto look(Work work, const std::stop_token& stop) const {
        const auto until = std::chrono::steady_clock::now() + timeout_;
        return patiently(std::move(work), [this, until, &stop] {
            if (std::chrono::steady_clock::now() >= until)
                report_.outbox().stop(restic::cli::StopReason::timedOut);
            return stop.stop_requested() || report_.stopReason() != restic::cli::StopReason::none;
        });
    }

private:
    std::optional<core::ProcessResult>
    run(const restic::cli::RepositoryAccess& repository, const std::vector<std::string>& arguments,
        const std::stop_token& stop, std::optional<restic::protocol::TaskError>& error, bool evenIfCancelled,
        core::ProcessOutput output, std::chrono::milliseconds most) const;

    const TaskServices& services_;
    TaskReport& report_;
    std::chrono::milliseconds timeout_;
    restic::cli::RetryPatience patience_;
};

} // namespace agent
