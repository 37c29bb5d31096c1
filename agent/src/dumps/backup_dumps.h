#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dumps/dump_names.h"
#include "dumps/dump_stream.h"
#include "executor/snapshot_ids.h"
#include "executor/stale_locks.h"
#include "executor/task_run.h"
#include "plugins/plugins.h"
#include "restic/protocol/backup_task.h"
#include "restic/protocol/dump_messages.h"
#include "restic/snapshots.h"
#include "restic/verdict.h"

namespace agent {

/// The dumps of one attempt at a backup, before its files: for each plugin validate, probe, a dump for each
/// database, and whatever happens after and cleanup. What came of each is kept in the attempt's folder. One
/// thread.
class BackupDumps {
public:
    BackupDumps(const TaskServices& services, TaskReport& report, const RepositoryCommands& commands,
                StaleLocks& locks, ResticProcess& restic)
        : services_(services), report_(report), commands_(commands), locks_(locks), restic_(restic),
          stream_(restic, services.plugins.steps(), report, services.config.dumps.stallTimeout) {}

    struct Plan {
        const restic::protocol::BackupTask& task;
        const RepositoryAccess& repository;
        ResticVersion version;
        /// restic's, but for the input, its name and its tags.
        std::vector<std::string> arguments;
        std::vector<std::string> tags;
    };
    /// False: the agent ends, and what ran with it.
    bool run(const Plan& plan, const std::stop_token& stop);

    /// Takes up what an earlier run of the agent had done; false if it was cut off among the dumps.
    bool resume(int step);

    [[nodiscard]] const std::vector<restic::protocol::DumpResult>& results() const noexcept {
        return results_;
    }
    /// Commands of restic that were used: the next one has this number.
    [[nodiscard]] int steps() const noexcept { return steps_; }

    /// What the dumps make of a backup whose files came out as in `verdict`.
    void judge(Verdict& verdict);

private:
    bool usePlugin(const Plan& plan, const restic::protocol::PluginUse& use, const std::stop_token& stop);
    bool dumpAll(const Plan& plan, const restic::protocol::PluginUse& use, const PluginFile& plugin,
                 const core::json::Object& settings, std::string& outcome, const std::stop_token& stop);
    /// nullopt: the agent ends.
    std::optional<restic::protocol::DumpResult> dump(const Plan& plan, const PluginStep& step,
                                                     const DumpItem& item, const std::string& file,
                                                     restic::protocol::DumpResult result,
                                                     const std::stop_token& stop);
    void judgeDump(const Plan& plan, const DumpEnd& end, const BackupOutput& output,
                   restic::protocol::DumpResult& result, const std::stop_token& stop);
    /// The settings that a use of a plugin means, or what is wrong.
    core::Result<core::json::Object> settingsOf(const restic::protocol::PluginUse& use,
                                                const PluginFile& plugin) const;
    void add(restic::protocol::DumpResult result);
    void keep();
    [[nodiscard]] std::filesystem::path file() const;
    [[nodiscard]] StepMessages::Log log();

    const TaskServices& services_;
    TaskReport& report_;
    const RepositoryCommands& commands_;
    StaleLocks& locks_;
    ResticProcess& restic_;
    DumpStream stream_;
    std::vector<restic::protocol::DumpResult> results_;
    int steps_ = 0;
    bool finished_ = false;
};

} // namespace agent
