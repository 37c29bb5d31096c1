#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dumps/dump_names.h"
#include "dumps/dump_snapshot.h"
#include "executor/stale_locks.h"
#include "executor/task_run.h"
#include "plugins/plugins.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/backup_task.h"
#include "restic/protocol/dump_messages.h"
#include "staging/staging.h"

namespace agent {

/// The dumps of one attempt at a backup, before its files: for each plugin validate, probe, a dump for each
/// database, and whatever happens after and cleanup. Each is a snapshot of its own, or waits on the disk for
/// the snapshot of the files. What came of each is kept in the attempt's folder. One thread.
class BackupDumps {
public:
    BackupDumps(const TaskServices& services, TaskReport& report, const RepositoryCommands& commands,
                StaleLocks& locks, ResticProcess& restic)
        : services_(services), report_(report), commands_(commands), restic_(restic),
          snapshot_(services, report, commands, locks, restic) {}

    struct Plan {
        const restic::protocol::BackupTask& task;
        const restic::cli::RepositoryAccess& repository;
        restic::cli::ResticVersion version;
        /// restic's, but for the input, its name and its tags.
        std::vector<std::string> arguments;
        std::vector<std::string> tags;
    };
    /// False: the agent ends, and what ran with it.
    bool run(const Plan& plan, const std::stop_token& stop);

    /// Takes up what an earlier run of the agent had done; false if it was cut off among the dumps.
    bool resume(int step);

    /// The folder of dumps that are to be saved with the files; nothing if there are none.
    [[nodiscard]] std::optional<std::string> folder() const;
    /// The files' snapshot was made: which of those dumps are in it, whole. `repository` is not always known.
    void settle(const std::optional<restic::cli::RepositoryAccess>& repository,
                const restic::protocol::BackupResult& files, const std::stop_token& stop);

    [[nodiscard]] const std::vector<restic::protocol::DumpResult>& results() const noexcept {
        return results_;
    }
    /// Commands of restic that were used: the next one has this number.
    [[nodiscard]] int steps() const noexcept { return steps_; }

    /// What the dumps make of a backup whose files came out as in `verdict`.
    void judge(restic::cli::Verdict& verdict);
    /// Nothing of them stays on the disk.
    void removeFromDisk();

private:
    /// One use of a plugin, while it is dumped with.
    struct Use {
        const restic::protocol::PluginUse& use;
        const PluginFile& plugin;
        core::json::Object settings;
        /// Of the server, in the dumps' paths.
        std::string label;
        bool failed = false;
        bool warned = false;
    };
    bool usePlugin(const Plan& plan, const restic::protocol::PluginUse& use, const std::stop_token& stop);
    bool dumpAll(const Plan& plan, Use& use, const std::stop_token& stop);
    /// False: the agent ends.
    bool dump(const Plan& plan, Use& use, const DumpItem& item, restic::protocol::DumpResult result,
              const std::stop_token& stop);
    /// The same for one that is first written to the disk.
    std::optional<restic::protocol::DumpResult> dumpToDisk(const Plan& plan, const Use& use,
                                                           const PluginStep& step, const DumpItem& item,
                                                           restic::protocol::DumpResult result,
                                                           const std::stop_token& stop);
    /// The task's folder for dumps on the disk; null: it, or the agent, ends.
    const std::filesystem::path* place(const Plan& plan, const std::stop_token& stop);
    /// The settings that a use of a plugin means, or what is wrong.
    core::Result<core::json::Object> settingsOf(const restic::protocol::PluginUse& use,
                                                const PluginFile& plugin) const;
    /// Of a task that was cancelled, or whose time is over.
    [[nodiscard]] restic::protocol::TaskError whyEnded() const;
    int nextCommand();
    void add(restic::protocol::DumpResult result);
    void keep();
    [[nodiscard]] std::filesystem::path file() const;
    [[nodiscard]] StepMessages::Log log();

    const TaskServices& services_;
    TaskReport& report_;
    const RepositoryCommands& commands_;
    ResticProcess& restic_;
    DumpSnapshot snapshot_;
    std::unique_ptr<Staging::Place> place_;
    std::vector<restic::protocol::DumpResult> results_;
    /// Those that wait for the files' snapshot.
    std::vector<restic::protocol::DumpResult> waiting_;
    int steps_ = 0;
    bool finished_ = false;
};

} // namespace agent
