#include "plugins/plugins.h"

#include "state/files.h"

namespace agent {
namespace {
/// What a plugin's programs are given: as restic, which has a few names more.
std::map<std::string, std::string> environmentOf(const Environment& environment,
                                                 const std::filesystem::path& home) {
    std::map<std::string, std::string> out;
    const auto path = environment.find("PATH");
    out["PATH"] = path == environment.end() || path->second.empty()
                      ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                      : path->second;
    const auto given = environment.find("HOME");
    out["HOME"] = given == environment.end() || given->second.empty() ? home.string() : given->second;
    out["LC_ALL"] = "C.UTF-8";
    for (const auto* name : {"TZ", "TMPDIR"})
        if (const auto found = environment.find(name); found != environment.end())
            out[name] = found->second;
    return out;
}
} // namespace

Plugins::Plugins(const Config& config, const std::filesystem::path& state, core::ProcessRunner& runner,
                 const Environment& environment, LocalPolicy policy)
    : folder_(config.agent.pluginPath.empty() ? defaultPluginFolder()
                                              : std::filesystem::path(config.agent.pluginPath)),
      state_(state), settings_(config, state_),
      steps_(runner, ownProgram(), state_, environmentOf(environment, state), config.dumps.pluginMemory),
      policy_(std::move(policy)), probeLimits_{config.dumps.probeTimeout, config.dumps.probeTimeout},
      cleanupLimits_{config.dumps.cleanupTimeout, config.dumps.cleanupTimeout} {}

std::filesystem::path Plugins::markOf(const std::string& plugin) const {
    return state_ / plugin / "begun.json";
}

void Plugins::markBegun(const std::string& plugin, const core::json::Object& settings) const {
    std::error_code code;
    std::filesystem::create_directories(markOf(plugin).parent_path(), code);
    writeFileDurably(markOf(plugin), core::json::write(settings));
}

void Plugins::markDone(const std::string& plugin) const {
    std::error_code ignored;
    std::filesystem::remove(markOf(plugin), ignored);
}

void Plugins::putRight(const core::Logger& log) const {
    steps_.removeLeftBehind();
    for (const auto& plugin : installed().plugins) {
        const auto mark = readFileIfAny(markOf(plugin.name));
        if (!mark)
            continue;
        const auto settings = core::json::parse(*mark);
        PluginStep step{.plugin = plugin, .name = "cleanup"};
        if (settings && settings.value().object() != nullptr)
            step.settings = *settings.value().object();
        const auto end = steps_.run(step, cleanupLimits_, {}, [&](core::LogLevel, const std::string& text) {
            log.info(text, {{"plugin", plugin.name}});
        });
        if (end.ok) {
            markDone(plugin.name);
            log.info("A plugin has put right what was left behind", {{"plugin", plugin.name}});
        } else {
            log.error("A plugin could not put right what was left behind; it is tried at the next start",
                      {{"plugin", plugin.name}, {"error", end.message}});
        }
    }
}

} // namespace agent
