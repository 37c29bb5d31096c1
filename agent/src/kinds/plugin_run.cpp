#include "kinds/plugin_run.h"

#include <thread>

#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using protocol::TaskState;
} // namespace

StepMessages::Log PluginRun::log() {
    return [this](core::LogLevel level, const std::string& text) { report_.log(level, text); };
}

bool PluginRun::run(const std::stop_token& stop) {
    report_.setStarted(services_.clock.now());
    // A cancelled task is told by its outbox, an ending agent by the token: steps know one of them.
    std::stop_source ending;
    const std::stop_callback ends(stop, [&] { ending.request_stop(); });
    std::optional<protocol::TaskError> error;
    {
        const std::jthread watch([&](const std::stop_token& done) {
            while (!done.stop_requested() && report_.stopReason() == restic::cli::StopReason::none)
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
            if (report_.stopReason() != restic::cli::StopReason::none)
                ending.request_stop();
        });
        const auto installed = services_.plugins.installed();
        const auto* plugin = installed.find(plugin_);
        if (plugin == nullptr)
            error = task_errors::make(task_errors::kPluginFailed, installed.whyNot(plugin_));
        else if (!services_.plugins.policy().allowsPlugin(plugin_))
            error = task_errors::make(task_errors::kForbiddenOnMachine,
                                      "The machine's local policy does not allow the plugin " + plugin_);
        else
            error = work(*plugin, ending.get_token());
    }
    if (stop.stop_requested() && report_.stopReason() == restic::cli::StopReason::none && error)
        error = task_errors::make(task_errors::kInterrupted, "The agent was ended in the middle of it");
    conclude(error);
    return true;
}

bool PluginRun::adopt(const JournalTask& known, const std::stop_token& /*stop*/) {
    report_.setStarted(known.startedAt);
    conclude(task_errors::make(task_errors::kInterrupted));
    return true;
}

void PluginRun::conclude(const std::optional<protocol::TaskError>& error) {
    const bool cancelled = error && report_.stopReason() == restic::cli::StopReason::cancelled;
    protocol::TaskResult common;
    common.outcome = cancelled ? "cancelled" : error ? "failed" : "success";
    report_.complete(common);
    const auto state = cancelled ? TaskState::cancelled : error ? TaskState::failed : TaskState::success;
    const auto outcome = common.outcome;
    report_.conclude(state, outcome, result(std::move(common)),
                     error && !cancelled
                         ? std::optional(protocol::TaskError{error->error, report_.redact(error->message),
                                                             report_.redact(error->hint)})
                         : std::nullopt);
}

} // namespace agent
