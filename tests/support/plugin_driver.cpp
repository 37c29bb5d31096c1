#include "support/plugin_driver.h"

#include <stdexcept>

#include "restic/protocol/plugin_settings.h"

namespace test {
using core::json::Object;

namespace {
agent::PluginFile find(const std::string& name, const std::filesystem::path& folder) {
    const auto installed = agent::readPlugins(folder);
    const auto* plugin = installed.find(name);
    if (plugin == nullptr)
        throw std::runtime_error(installed.whyNot(name));
    return *plugin;
}
} // namespace

PluginDriver::PluginDriver(const std::string& name, const std::filesystem::path& folder)
    : plugin_(find(name, folder)) {}

agent::StepEnd PluginDriver::run(const std::string& step, const Object& settings, const Object& item,
                                 const std::string& outcome) {
    agent::PluginStep call{.plugin = plugin_, .name = step, .item = item, .outcome = outcome};
    call.settings = restic::protocol::withDefaults(plugin_.settingsSchema, settings);
    return run(call);
}

agent::StepEnd PluginDriver::run(const agent::PluginStep& call) {
    const agent::PluginSteps steps(runner_, std::filesystem::path(AE_BUILD_DIR) / "bin/restic-agent",
                                   state_.path(), environment, 0);
    return steps.run(call, limits, {},
                     [this](core::LogLevel, const std::string& text) { log_.push_back(text); });
}

agent::StepEnd PluginDriver::stream(agent::PluginStep call, const std::filesystem::path& file) {
    if (core::json::Value(call.item).stringOr("kind") == "files") {
        std::filesystem::create_directories(file);
        call.folder = file.string();
        call.stream.clear();
        return run(call);
    }
    const agent::PluginSteps steps(runner_, std::filesystem::path(AE_BUILD_DIR) / "bin/restic-agent",
                                   state_.path(), environment, 0);
    const auto prepared = steps.prepare(call);
    agent::StepMessages messages(prepared->messages(),
                                 [this](core::LogLevel, const std::string& text) { log_.push_back(text); });
    auto spec = steps.spec(*prepared);
    if (call.stream == "out")
        spec.standardOutput = core::ProcessOutput::toFile(file);
    else
        spec.standardInput = core::ProcessInput::fromFile(file);
    spec.timeout = limits.total;
    const auto result = runner_.run(spec);
    return messages.finish(call.name, result.value().exit);
}

agent::StepEnd PluginDriver::dump(const Object& settings, const Object& item,
                                  const std::filesystem::path& to) {
    std::error_code ignored;
    std::filesystem::remove_all(to, ignored);
    return stream({.plugin = plugin_,
                   .name = "dump",
                   .settings = restic::protocol::withDefaults(plugin_.settingsSchema, settings),
                   .item = item,
                   .stream = "out"},
                  to);
}

agent::StepEnd PluginDriver::read(const std::string& step, const Object& settings, const Object& item,
                                  const Object& options, const std::filesystem::path& from) {
    return stream({.plugin = plugin_,
                   .name = step,
                   .settings = restic::protocol::withDefaults(plugin_.settingsSchema, settings),
                   .item = item,
                   .options = options,
                   .stream = "in"},
                  from);
}

Object PluginDriver::itemOf(const agent::StepEnd& probe, const std::string& name) {
    const auto* items = probe.answer.find("items");
    if (items != nullptr && items->array() != nullptr)
        for (const auto& item : *items->array())
            if (item.stringOr("name") == name)
                return *item.object();
    return {};
}

} // namespace test
