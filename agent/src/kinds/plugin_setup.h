#pragma once

#include "kinds/plugin_run.h"

namespace agent {

/// The kind plugin_setup: what a plugin is to do on this machine, as far as the machine leaves that to
/// others.
class PluginSetupRun final : public PluginRun {
public:
    PluginSetupRun(const TaskServices& services, restic::protocol::PluginSetupTask task,
                   std::shared_ptr<Outbox> outbox)
        : PluginRun(services, task.plugin, std::move(outbox)), task_(std::move(task)) {}

protected:
    std::optional<restic::protocol::TaskError> work(const PluginFile& plugin,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    restic::protocol::PluginSetupTask task_;
    restic::protocol::PluginSetupResult result_;
};

} // namespace agent
