#pragma once

#include <optional>

#include "executor/task_report.h"
#include "executor/task_run.h"
#include "plugins/plugins.h"
#include "restic/protocol/plugin_messages.h"

namespace agent {

/// One attempt at a task that concerns a plugin of this machine and no repository: what all of them have in
/// common; a kind says in work() what it does. Such a task ends with the agent.
class PluginRun : public TaskRun {
public:
    bool run(const std::stop_token& stop) final;
    bool adopt(const JournalTask& known, const std::stop_token& stop) final;

protected:
    PluginRun(const TaskServices& services, std::string plugin, std::shared_ptr<Outbox> outbox)
        : services_(services), plugin_(std::move(plugin)), report_(services, std::move(outbox)) {}

    /// Why it failed, or nothing. `stop` is also requested when the task is cancelled.
    virtual std::optional<restic::protocol::TaskError> work(const PluginFile& plugin,
                                                            const std::stop_token& stop) = 0;
    /// The kind's result with what all results have.
    virtual core::json::Object result(restic::protocol::TaskResult common) = 0;

    [[nodiscard]] const TaskServices& services() const noexcept { return services_; }
    [[nodiscard]] TaskReport& report() noexcept { return report_; }
    [[nodiscard]] StepMessages::Log log();

private:
    void conclude(const std::optional<restic::protocol::TaskError>& error);

    const TaskServices& services_;
    std::string plugin_;
    TaskReport report_;
};

} // namespace agent
