#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "executor/task_report.h"
#include "executor/task_run.h"
#include "plugins/plugins.h"
#include "restic/protocol/plugin_messages.h"
#include "restic/repository_access.h"

namespace agent {

/// A dump that goes from its snapshot straight into a plugin's step. The step's input ends only when restic
/// has ended well: a dump of which the rest is missing never looks whole. One thread.
class DumpReader {
public:
    DumpReader(const ResticCommands& commands, const PluginSteps& steps,
               std::chrono::milliseconds stallTimeout, std::chrono::milliseconds timeout)
        : commands_(commands), steps_(steps), stallTimeout_(stallTimeout), timeout_(timeout) {}

    struct Source {
        const RepositoryAccess& repository;
        std::string snapshotId;
        std::string file;
    };
    struct Watch {
        StepMessages::Log log;
        std::function<void(std::uint64_t bytes)> progress;
        /// Asked often: it is to end.
        std::function<bool()> cancelled;
    };
    struct End {
        /// Why it failed; nothing if it is done.
        std::optional<restic::protocol::TaskError> error;
        core::json::Object answer;
        std::uint64_t bytes = 0;
        /// restic did not end by itself: it may have left a lock.
        bool resticWasEnded = false;
    };
    [[nodiscard]] End run(const Source& source, const PluginStep& step, const Watch& watch);

private:
    const ResticCommands& commands_;
    const PluginSteps& steps_;
    std::chrono::milliseconds stallTimeout_;
    std::chrono::milliseconds timeout_;
};

} // namespace agent
