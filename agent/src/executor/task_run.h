#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/log.h"
#include "core/process.h"
#include "core/time.h"
#include "executor/backup_plan.h"
#include "executor/outbox.h"
#include "journal/journal.h"
#include "restic/command.h"
#include "restic/probe.h"
#include "state/files.h"

namespace agent {

/// What every task needs; all outlive it.
struct TaskServices {
    const Config& config;
    const StateDir& state;
    Journal& journal;
    core::ProcessRunner& runner;
    const ResticCommands& commands;
    ResticProbe& restic;
    const core::Clock& clock;
    core::Logger log;
    /// The name under which the agent is enrolled.
    std::string hostname;
};

/// One attempt at a backup, from the accepted task to its result in journal and outbox. Runs on one thread;
/// returns early, with restic left running, when `stop` says that the agent is to end.
class BackupRun {
public:
    BackupRun(const TaskServices& services, restic::protocol::TaskPayload task,
              std::shared_ptr<Outbox> outbox)
        : services_(services), task_(std::move(task)), outbox_(std::move(outbox)) {}

    /// True if the task has a result now.
    bool run(const std::stop_token& stop);
    /// Goes on with a restic that an earlier run of the agent had started, or learns from its files how it
    /// ended. True if the task has a result now.
    bool adopt(const JournalTask& known, const std::stop_token& stop);

private:
    std::optional<restic::protocol::TaskError> prepareRepository(const BackupPlan& plan,
                                                                 const std::stop_token& stop);
    std::optional<core::ProcessResult> quickCommand(const RepositoryAccess& repository,
                                                    const std::vector<std::string>& arguments,
                                                    const std::stop_token& stop,
                                                    std::optional<restic::protocol::TaskError>& error,
                                                    bool evenIfCancelled = false);
    /// Reads what restic writes until it ends; null: it has ended. False if the agent is to end first.
    bool follow(core::Process* process, const std::stop_token& stop);
    void finish(const core::ProcessExit& exit, const BackupOutput& output, const std::stop_token& stop);
    /// After a restic that was ended from outside: removes the lock that it may have left.
    void removeStaleLock(const std::stop_token& stop);
    void fail(const restic::protocol::TaskError& error, std::string outcome = "failed");
    void conclude(restic::protocol::TaskState state, restic::protocol::BackupResult result,
                  std::optional<restic::protocol::TaskError> error);
    /// A line about how far it is, ever more seldom.
    void logProgress(const restic::protocol::Progress& progress, const LogPosition& position);
    void logLine(core::LogLevel level, const std::string& message, LogPosition position = {});

    const TaskServices& services_;
    restic::protocol::TaskPayload task_;
    std::shared_ptr<Outbox> outbox_;
    std::string resticVersion_;
    std::vector<std::string> missing_;
    std::vector<std::string> tags_;
    std::vector<std::string> sources_;
    std::optional<std::filesystem::path> localRepository_;
    /// Unknown after an adoption if the password came from the server's vault.
    std::optional<RepositoryAccess> access_;
    core::Instant startedAt_{};
    std::chrono::milliseconds timeout_{};
    bool created_ = false;
    std::optional<std::chrono::steady_clock::time_point> progressBegan_;
    std::chrono::steady_clock::time_point nextProgressLine_;
};

/// A running restic that carries this task's tag, when the journal could not note its pid any more.
[[nodiscard]] std::optional<SpawnRecord> findResticOfTask(const std::string& taskId);

} // namespace agent
