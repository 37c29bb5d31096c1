#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>

#include "executor/task_report.h"
#include "plugins/plugin_steps.h"
#include "staging/staging.h"

namespace agent {

/// That there is no room for a dump on the machine's disk, and what to do.
[[nodiscard]] restic::protocol::TaskError noRoom(const Staging::Shortage& shortage);

/// A dump that a plugin writes to the machine's disk: into a file where the item is a stream, into a folder
/// where it is files. It is ended when the disk, or what dumps may take of it, is used up. One thread.
class StagedStep {
public:
    StagedStep(const PluginSteps& steps, const Staging& staging, TaskReport& report, TimeLimits limits)
        : steps_(steps), staging_(staging), report_(report), limits_(limits) {}

    struct End {
        StepEnd step;
        /// Why there is no dump, where that is not the plugin's doing: no room, or the task was cancelled.
        std::optional<restic::protocol::TaskError> error;
        std::uint64_t bytes = 0;
    };
    /// Dumps `step.item` to `target`, which does not exist yet. `expected`: its bytes as far as the plugin
    /// knows them, or 0. What failed leaves nothing at `target`.
    [[nodiscard]] End run(PluginStep step, bool files, const std::filesystem::path& target,
                          std::uint64_t expected, const std::stop_token& stop, const StepMessages::Log& log);

private:
    const PluginSteps& steps_;
    const Staging& staging_;
    TaskReport& report_;
    TimeLimits limits_;
};

} // namespace agent
