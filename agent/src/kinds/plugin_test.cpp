#include "kinds/plugin_test.h"

#include "plugins/plugin_report.h"
#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

std::optional<protocol::TaskError> PluginTestRun::work(const PluginFile& plugin,
                                                       const std::stop_token& stop) {
    const auto set = task_.set.value_or(protocol::kDefaultSettings);
    const auto& kept = services().plugins.settings();
    const auto settings =
        task_.settings ? kept.tryOut(plugin, set, *task_.settings) : kept.resolve(plugin, set);
    if (!settings)
        return task_errors::make(task_errors::kPluginFailed, settings.error().what());
    hideSecrets(services().log.hub(), plugin, settings.value());
    for (const auto* step : {"validate", "probe"}) {
        const auto end =
            services().plugins.steps().run({.plugin = plugin, .name = step, .settings = settings.value()},
                                           services().plugins.probeLimits(), stop, log());
        if (!end.ok) {
            auto error = task_errors::make(task_errors::kPluginFailed, end.message);
            if (!end.hint.empty())
                error.hint = end.hint;
            return error;
        }
        fillFromProbe(end.answer, result_);
    }
    return std::nullopt;
}

core::json::Object PluginTestRun::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
