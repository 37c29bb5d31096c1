#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "plugins/plugin_steps.h"
#include "restic/cli/command.h"
#include "restic/cli/repository_access.h"
#include "restic/protocol/task_messages.h"
#include "staging/staging.h"
#include "waiting/time_watch.h"

namespace agent {

/// Where a dump is.
struct DumpSource {
    const restic::cli::RepositoryAccess& repository;
    std::string snapshotId;
    /// Its path in the snapshot.
    std::string file;
};
/// Who hears of it while it is brought back.
struct RestoreWatch {
    StepMessages::Log log;
    std::function<void(std::uint64_t bytes)> progress;
    /// Asked often: it is to end.
    std::function<bool()> cancelled;
};
/// How that ended. (DumpEnd is how one was made.)
struct DumpReadEnd {
    /// Why it failed; nothing if it is done.
    std::optional<restic::protocol::TaskError> error;
    core::json::Object answer;
    std::uint64_t bytes = 0;
    /// restic did not end by itself: it may have left a lock.
    bool resticWasEnded = false;
};

/// Brings a dump from its snapshot to a plugin's step, as its item is: a stream, or files. One thread.
class DumpReader {
public:
    DumpReader(const restic::cli::ResticCommands& commands, const PluginSteps& steps, Staging& staging,
               TimeLimits limits)
        : commands_(commands), steps_(steps), staging_(staging), limits_(limits) {}

    /// `step`: restore or verify, with the item that was dumped.
    [[nodiscard]] DumpReadEnd run(const DumpSource& source, const PluginStep& step,
                                  const RestoreWatch& watch);

private:
    const restic::cli::ResticCommands& commands_;
    const PluginSteps& steps_;
    Staging& staging_;
    TimeLimits limits_;
};

} // namespace agent
