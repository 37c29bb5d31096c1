#include "kinds/plugin_setup.h"

#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

std::optional<protocol::TaskError> PluginSetupRun::work(const PluginFile& plugin,
                                                        const std::stop_token& /*stop*/) {
    if (task_.settings)
        hideSecrets(services().log.hub(), plugin, *task_.settings);
    PluginSettings::Change change;
    change.enabled = task_.enabled;
    change.set = task_.set.value_or(protocol::kDefaultSettings);
    change.settings = task_.settings;
    change.fromServer = true;
    try {
        result_.settingsVersion = services().plugins.settings().change(plugin, change).version;
    } catch (const core::Error& error) {
        if (&error.kind() != &errors::kPlugin)
            throw;
        return task_errors::make(task_errors::kInvalidTask, error.what());
    }
    return std::nullopt;
}

core::json::Object PluginSetupRun::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
