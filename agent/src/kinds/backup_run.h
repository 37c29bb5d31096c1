#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dumps/backup_dumps.h"
#include "executor/hooks.h"
#include "executor/repository_commands.h"
#include "executor/restic_process.h"
#include "executor/snapshot_ids.h"
#include "executor/stale_locks.h"
#include "executor/task_report.h"
#include "executor/task_run.h"
#include "kinds/backup_plan.h"
#include "restic/cli/backup_output.h"
#include "restic/cli/snapshots.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/backup_task.h"

namespace agent {

/// One attempt at a backup. What it saved is found and told, whatever happened to restic's messages.
class BackupRun : public TaskRun {
public:
    BackupRun(const TaskServices& services, restic::protocol::BackupTask task,
              std::shared_ptr<Outbox> outbox);

    bool run(const std::stop_token& stop) override;
    bool adopt(const JournalTask& known, const std::stop_token& stop) override;

private:
    enum class End { done, left, again };

    /// The result of a task that could not be begun because a look at a file did not come back.
    bool concludeUnbegun(const std::stop_token& stop);
    /// A backup of databases alone.
    bool concludeDumps();
    /// The end of a dump that an earlier run of the agent had begun: it ended with that one.
    bool concludeCutOff(const std::stop_token& stop);
    /// Reads what restic writes until it ends.
    End follow(const std::stop_token& stop);
    End finish(const core::ProcessExit& exit, const restic::cli::BackupOutput& output,
               const std::stop_token& stop);
    void completeId(restic::protocol::BackupResult& result, const std::stop_token& stop);
    /// What a person should read; makes a warning of a success where it must.
    void addNotices(const restic::protocol::BackupResult& result, const restic::cli::BackupOutput& output,
                    restic::cli::Verdict& verdict, const std::stop_token& stop);
    void fail(const restic::protocol::TaskError& error, std::string outcome = "failed");
    void conclude(restic::cli::Verdict verdict, restic::protocol::BackupResult result);
    /// What is to run before anything is saved; false: the backup has its end, or `stop` came.
    bool runPreHook(const std::stop_token& stop);
    /// What runs however it ended; a failure is a notice.
    void runPostHook(const restic::cli::Verdict& verdict, const restic::protocol::BackupResult& result);
    /// A line about how far it is, ever more seldom.
    void logProgress(const restic::protocol::Progress& progress);

    const TaskServices& services_;
    restic::protocol::BackupTask task_;
    std::chrono::milliseconds timeout_;
    TaskReport report_;
    RepositoryCommands commands_;
    SnapshotIds ids_;
    StaleLocks locks_;
    ResticProcess process_;
    BackupDumps dumps_;
    Hooks hooks_;
    bool begun_ = false; ///< what runs before it has run, so what runs after it does
    std::vector<std::string> missing_;
    std::vector<std::string> tags_;
    std::vector<std::string> sources_;
    std::optional<std::filesystem::path> localRepository_;
    /// Unknown after an adoption if the password came from the server's vault.
    std::optional<restic::cli::RepositoryAccess> access_;
    bool excludes_ = false;
    bool created_ = false;
    bool secondTry_ = false;
    std::optional<std::chrono::steady_clock::time_point> progressBegan_;
    std::chrono::steady_clock::time_point nextProgressLine_;
};

} // namespace agent
