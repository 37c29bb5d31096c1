#pragma once

#include "kinds/plugin_run.h"

namespace agent {

/// The kind plugin_test: validate and probe, with settings that are kept or not.
class PluginTestRun final : public PluginRun {
public:
    PluginTestRun(const TaskServices& services, restic::protocol::PluginTestTask task,
                  std::shared_ptr<Outbox> outbox)
        : PluginRun(services, task.plugin, std::move(outbox)), task_(std::move(task)) {}

protected:
    std::optional<restic::protocol::TaskError> work(const PluginFile& plugin,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    restic::protocol::PluginTestTask task_;
    restic::protocol::PluginTestResult result_;
};

} // namespace agent
