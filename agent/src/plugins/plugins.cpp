#include "plugins/plugins.h"

#include <algorithm>

#include "core/uuid.h"
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

constexpr const char* kMark = "begun-";
constexpr const char* kMarkEnd = ".json";

/// Marks by their settings: what several runs left behind with the same ones is put right at once.
std::map<std::string, std::vector<std::filesystem::path>> marksIn(const std::filesystem::path& folder) {
    std::map<std::string, std::vector<std::filesystem::path>> out;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with(kMark) && name.ends_with(kMarkEnd))
            if (auto settings = readFileIfAny(entry.path()))
                out[std::move(*settings)].push_back(entry.path());
    }
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

std::filesystem::path Plugins::markBegun(const std::string& plugin,
                                         const core::json::Object& settings) const {
    const auto folder = state_ / plugin;
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    auto mark = folder / (kMark + core::Uuid::generate(core::SystemClock().now()).toString() + kMarkEnd);
    writeFileDurably(mark, core::json::write(settings));
    return mark;
}

void Plugins::markDone(const std::filesystem::path& mark) {
    std::error_code ignored;
    std::filesystem::remove(mark, ignored);
}

void Plugins::putRight(const core::Logger& log) const {
    steps_.removeLeftBehind();
    for (const auto& plugin : installed().plugins)
        for (const auto& [settings, marks] : marksIn(state_ / plugin.name))
            if (putRight(plugin, settings, log))
                std::ranges::for_each(marks, &Plugins::markDone);
}

bool Plugins::putRight(const PluginFile& plugin, const std::string& settings, const core::Logger& log) const {
    PluginStep step{.plugin = plugin, .name = "cleanup"};
    if (const auto document = core::json::parse(settings); document && document.value().object() != nullptr)
        step.settings = *document.value().object();
    const auto end = steps_.run(step, cleanupLimits_, {}, [&](core::LogLevel, const std::string& text) {
        log.info(text, {{"plugin", plugin.name}});
    });
    if (end.ok)
        log.info("A plugin has put right what was left behind", {{"plugin", plugin.name}});
    else
        log.error("A plugin could not put right what was left behind; it is tried at the next start",
                  {{"plugin", plugin.name}, {"error", end.message}});
    return end.ok;
}

} // namespace agent
