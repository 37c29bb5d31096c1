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
#include "restic/protocol/notices.h"
#include "restic/snapshots.h"
#include "restic/verdict.h"
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
    enum class End { done, left, again };

    /// Does what may hang on a dead file system; nullopt: the agent ends, the task was cancelled, or its time
    /// is over.
    template <typename Work>
    auto look(Work work, const std::stop_token& stop);
    /// The result of a task that could not be begun because of that.
    bool concludeUnbegun(const std::stop_token& stop);

    /// Creates the repository if the server allows it and its place is really empty.
    std::optional<restic::protocol::TaskError> prepareRepository(const BackupPlan& plan,
                                                                 const std::stop_token& stop);
    std::optional<restic::protocol::TaskError>
    prepareFolder(const BackupPlan& plan, const std::filesystem::path& folder, const std::stop_token& stop);
    std::optional<restic::protocol::TaskError> initialise(const BackupPlan& plan,
                                                          const std::stop_token& stop);
    /// Starts restic; null after a failure, which is the task's result then.
    std::unique_ptr<core::Process> start(const BackupPlan& plan);
    std::optional<core::ProcessResult> quickCommand(const RepositoryAccess& repository,
                                                    const std::vector<std::string>& arguments,
                                                    const std::stop_token& stop,
                                                    std::optional<restic::protocol::TaskError>& error,
                                                    bool evenIfCancelled = false);
    /// Reads what restic writes until it ends; null: it has ended.
    End follow(core::Process* process, const std::stop_token& stop);
    End finish(const core::ProcessExit& exit, const BackupOutput& output, const std::stop_token& stop);
    /// After restic met a lock: lets restic remove it if its holder is gone. True if another try is worth it.
    bool unlocked(const core::ProcessExit& exit, const BackupOutput& output, const std::stop_token& stop);
    /// What the repository has under this task's tag, or under an id that restic cut short. nullopt: no
    /// telling.
    std::optional<std::vector<SnapshotInfo>> askRepository(const std::vector<std::string>& filter,
                                                           const std::stop_token& stop);
    void fillResult(restic::protocol::BackupResult& result, const BackupSummary& summary) const;
    void completeId(restic::protocol::BackupResult& result, const std::stop_token& stop);
    /// What a person should read; makes a warning of a success where it must.
    void addNotices(restic::protocol::BackupResult& result, const BackupOutput& output, Verdict& verdict,
                    const std::stop_token& stop);
    void note(const restic::protocol::notices::Kind& kind, std::string message);
    /// After a restic that was ended from outside: removes the lock that it may have left.
    void removeStaleLock(const std::stop_token& stop);
    void fail(const restic::protocol::TaskError& error, std::string outcome = "failed");
    void conclude(restic::protocol::TaskState state, restic::protocol::BackupResult result,
                  std::optional<restic::protocol::TaskError> error);
    /// A line about how far it is, ever more seldom.
    void logProgress(const restic::protocol::Progress& progress, const LogPosition& position);
    void logLine(core::LogLevel level, const std::string& message, LogPosition position = {},
                 bool outcome = false);

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
    std::vector<restic::protocol::TaskNotice> notices_;
    bool excludes_ = false;
    bool created_ = false;
    bool unlockTried_ = false;
    /// The holder of the lock that an unlock was tried for.
    std::string staleHolder_;
    /// Where in restic's outputs the present process begins.
    LogPosition begin_;
    std::optional<std::chrono::steady_clock::time_point> progressBegan_;
    std::chrono::steady_clock::time_point nextProgressLine_;
};

/// A running restic that carries this task's tag, when the journal could not note its pid any more.
[[nodiscard]] std::optional<SpawnRecord> findResticOfTask(const std::string& taskId);

} // namespace agent
