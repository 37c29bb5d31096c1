#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dumps/dump_names.h"
#include "dumps/dump_stream.h"
#include "dumps/staged_step.h"
#include "executor/repository_commands.h"
#include "executor/restic_process.h"
#include "executor/stale_locks.h"
#include "restic/protocol/dump_messages.h"

namespace agent {

/// One dump as a snapshot of its own: a stream goes straight into restic, files are first written to the
/// machine's disk. There is no snapshot of a dump that failed, or of nothing. One thread.
class DumpSnapshot {
public:
    DumpSnapshot(const TaskServices& services, TaskReport& report, const RepositoryCommands& commands,
                 StaleLocks& locks, ResticProcess& restic)
        : services_(services), report_(report), commands_(commands), locks_(locks), restic_(restic),
          stream_(restic, services.plugins.steps(), report, services.config.dumps.stallTimeout) {}

    struct Repository {
        const restic::cli::RepositoryAccess& access;
        restic::cli::ResticVersion version;
        /// restic's arguments, but for what it saves.
        std::vector<std::string> arguments;
    };
    /// `result.file` is the dump's path in the snapshot, `result.tags` are its tags. `command`: the number of
    /// the next command of the task, counted on; it is called before each one starts. nullopt: the agent
    /// ends.
    using NextCommand = std::function<int()>;
    std::optional<restic::protocol::DumpResult> save(const Repository& repository, const PluginStep& step,
                                                     restic::protocol::DumpResult result,
                                                     const NextCommand& command, const std::stop_token& stop);
    /// The same for one that lies on the disk at `result.file`.
    std::optional<restic::protocol::DumpResult> saveFiles(const Repository& repository, StepEnd made,
                                                          restic::protocol::DumpResult result,
                                                          const NextCommand& command,
                                                          const std::stop_token& stop);

private:
    void judge(const Repository& repository, const DumpEnd& end, const restic::cli::BackupOutput& output,
               restic::protocol::DumpResult& result, const std::stop_token& stop);
    [[nodiscard]] restic::cli::BackupOutput makeOutput();

    const TaskServices& services_;
    TaskReport& report_;
    const RepositoryCommands& commands_;
    StaleLocks& locks_;
    ResticProcess& restic_;
    DumpStream stream_;
};

} // namespace agent
