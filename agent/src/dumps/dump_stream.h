#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "executor/restic_process.h"
#include "plugins/plugin_steps.h"
#include "restic/cli/backup_output.h"
#include "restic/cli/version.h"

namespace agent {

/// How a dump and the restic that saves it ended.
struct DumpEnd {
    core::ProcessExit restic;
    /// What the plugin's step said.
    StepEnd step;
    /// restic failed before the plugin did, or without it.
    bool resticFirst = false;
};

/// One dump that goes straight into restic. Where restic runs commands it runs the step itself, and saves
/// nothing when that fails. Otherwise the step writes into restic's input, which is kept open until the
/// step's good end is known, so that restic never takes a dump that broke off for one that is whole. One
/// thread.
class DumpStream {
public:
    DumpStream(ResticProcess& restic, const PluginSteps& steps, TaskReport& report,
               std::chrono::milliseconds stallTimeout)
        : restic_(restic), steps_(steps), report_(report), stallTimeout_(stallTimeout) {}

    struct Dump {
        PluginStep step;
        /// restic's arguments but for where its input comes from.
        std::vector<std::string> arguments;
        /// The number of the command within the task.
        int number = 0;
    };
    /// Runs it to its end and lets `output` read what restic says. Why it could not be started; or nullopt of
    /// DumpEnd: the agent ends, and the dump with it.
    std::optional<restic::protocol::TaskError> start(const Dump& dump,
                                                     const restic::cli::RepositoryAccess& repository,
                                                     const restic::cli::ResticVersion& version);
    std::optional<DumpEnd> follow(restic::cli::BackupOutput& output, const std::stop_token& stop);

private:
    /// What is watched while restic runs.
    void look(const restic::cli::BackupOutput& output);
    void lookAtStep();

    ResticProcess& restic_;
    const PluginSteps& steps_;
    TaskReport& report_;
    std::chrono::milliseconds stallTimeout_;

    std::string what_;
    std::unique_ptr<PreparedStep> prepared_;
    std::unique_ptr<StepMessages> messages_;
    /// The step's own process, where restic does not run it.
    std::unique_ptr<core::Process> step_;
    std::optional<core::StopLadder> stepLadder_;
    std::optional<StepEnd> stepEnd_;
    std::string stalled_;
    std::uint64_t moved_ = 0;
    std::chrono::steady_clock::time_point movedAt_;
};

} // namespace agent
