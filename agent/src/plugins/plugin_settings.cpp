#include "plugins/plugin_settings.h"

#include <algorithm>

#include "core/text.h"
#include "restic/protocol/plugin_settings.h"
#include "state/files.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
using core::json::Object;

constexpr std::size_t kMostSets = 50;
constexpr const char* kSettingsFile = "settings.json";

std::string sentenceOf(const std::string& plugin, const std::string& set,
                       const std::vector<core::Problem>& problems) {
    std::string text = "The settings of the plugin " + plugin +
                       (set == protocol::kDefaultSettings ? "" : " named " + core::printable(set)) +
                       " cannot be used:";
    for (const auto& problem : problems)
        text += " " + (problem.pointer.empty() ? "they" : problem.pointer.substr(1)) + ": " +
                problem.message + ";";
    text.back() = '.';
    return text;
}

PluginSetup fromConfig(const Object& given) {
    PluginSetup setup;
    setup.setOnMachine = true;
    auto settings = given;
    setup.enabled = core::json::Value(settings).booleanOr("enabled", true);
    settings.erase("enabled");
    if (const auto* named = settings.find("named"); named != nullptr && named->object() != nullptr)
        for (const auto& [name, value] : named->object()->members())
            if (value.object() != nullptr)
                setup.sets[name] = *value.object();
    settings.erase("named");
    setup.sets[protocol::kDefaultSettings] = std::move(settings);
    return setup;
}

/// Of a name that somebody gives to settings; those that have one already keep it.
std::optional<core::Error> problemOfNewSet(const PluginSetup& setup, const std::string& set) {
    if (setup.sets.contains(set))
        return std::nullopt;
    const auto problem = protocol::problemOfSetName(set);
    if (!problem)
        return std::nullopt;
    return core::Error(errors::kPlugin,
                       "The settings cannot be named " + core::printable(set) + ": \"set\" " + *problem + ".",
                       {{"/set", *problem}});
}

struct Merged {
    Object values;
    std::vector<core::Problem> problems;
};

/// New settings with what stays of the old ones: secrets, and from the server's side what is the machine's.
Merged merged(const Object& schema, const Object& given, const Object& before, bool fromServer) {
    Merged out{given, {}};
    const auto differs = [&](const std::string& field) {
        const auto* now = out.values.find(field);
        const auto* then = before.find(field);
        return (now == nullptr) != (then == nullptr) || (now != nullptr && !(*now == *then));
    };
    const auto machine = protocol::machineFieldsOf(schema);
    if (fromServer)
        for (const auto& field : machine) {
            if (const auto* kept = before.find(field); kept != nullptr && !out.values.find(field))
                out.values.set(field, *kept);
            if (differs(field))
                out.problems.push_back({"/" + field, "is changed on the machine only"});
        }
    const auto destination = protocol::destinationFieldsOf(schema);
    const bool elsewhere = std::any_of(destination.begin(), destination.end(), differs);
    for (const auto& secret : protocol::secretsOf(schema)) {
        const auto* value = out.values.find(secret);
        const auto* kept = before.find(secret);
        if (value != nullptr && value->isNull())
            out.values.erase(secret);
        else if (value == nullptr && kept != nullptr && !elsewhere)
            out.values.set(secret, *kept);
        else if (value == nullptr && kept != nullptr)
            out.problems.push_back({"/" + secret, "must be given again: it goes to another place now"});
    }
    if (fromServer && elsewhere)
        for (const auto& field : machine)
            if (field.ends_with("_file") && out.values.find(field) != nullptr)
                out.problems.push_back(
                    {"/" + field, "holds a secret of the machine: where it is sent is changed there"});
    for (auto& problem : protocol::problemsOfSettings(schema, out.values))
        out.problems.push_back(std::move(problem));
    return out;
}
} // namespace

void hideSecrets(core::LogHub& hub, const PluginFile& plugin, const Object& settings) {
    for (const auto& secret : protocol::secretsOf(plugin.settingsSchema))
        if (const auto* value = settings.find(secret); value != nullptr && value->string() != nullptr)
            hub.addSecret(*value->string());
}

std::filesystem::path PluginSettings::fileOf(std::string_view plugin) const {
    return folder_ / plugin / kSettingsFile;
}

PluginSetup PluginSettings::stored(std::string_view plugin) const {
    PluginSetup setup;
    const auto text = readFileIfAny(fileOf(plugin));
    if (!text)
        return setup;
    const auto document = core::json::parse(*text);
    if (!document)
        throw core::Error(errors::kState, fileOf(plugin).string() + " is damaged; write the settings anew");
    setup.enabled = document.value().booleanOr("enabled");
    setup.version = document.value().integerOr("version");
    if (const auto* sets = document.value().find("sets"); sets != nullptr && sets->object() != nullptr)
        for (const auto& [name, value] : sets->object()->members())
            if (value.object() != nullptr)
                setup.sets[name] = *value.object();
    return setup;
}

PluginSetup PluginSettings::of(std::string_view plugin) const {
    if (const auto found = config_.plugins.find(std::string(plugin)); found != config_.plugins.end())
        return fromConfig(found->second);
    const std::lock_guard lock(mutex_);
    return stored(plugin);
}

core::Result<Object> PluginSettings::resolve(const PluginFile& plugin, const std::string& set) const {
    const auto setup = of(plugin.name);
    if (!setup.enabled)
        return core::Error(errors::kPlugin, "The plugin " + plugin.name +
                                                " is switched off on this machine; switch it on with "
                                                "restic-agent plugin enable " +
                                                plugin.name);
    const auto found = setup.sets.find(set);
    if (found == setup.sets.end() && set != protocol::kDefaultSettings)
        return core::Error(errors::kPlugin, "The plugin " + plugin.name + " has no settings named " +
                                                core::printable(set) + " on this machine");
    auto settings = found == setup.sets.end() ? Object() : found->second;
    if (const auto problems = protocol::problemsOfSettings(plugin.settingsSchema, settings);
        !problems.empty())
        return core::Error(errors::kPlugin, sentenceOf(plugin.name, set, problems), problems);
    return protocol::withDefaults(plugin.settingsSchema, std::move(settings));
}

core::Result<Object> PluginSettings::tryOut(const PluginFile& plugin, const std::string& set,
                                            const Object& settings) const {
    const auto setup = of(plugin.name);
    if (auto problem = problemOfNewSet(setup, set))
        return std::move(*problem);
    const auto kept = setup.sets.find(set);
    auto all =
        merged(plugin.settingsSchema, settings, kept == setup.sets.end() ? Object() : kept->second, true);
    if (!all.problems.empty())
        return core::Error(errors::kPlugin, sentenceOf(plugin.name, set, all.problems), all.problems);
    return protocol::withDefaults(plugin.settingsSchema, std::move(all.values));
}

PluginSetup PluginSettings::change(const PluginFile& plugin, const Change& change) {
    if (config_.plugins.contains(plugin.name))
        throw core::Error(errors::kPlugin,
                          "The plugin " + plugin.name +
                              " is set on the machine: its settings stand in the agent's configuration file "
                              "under plugins." +
                              plugin.name + " and are changed there");
    const std::lock_guard lock(mutex_);
    auto setup = stored(plugin.name);
    if (const auto problem = problemOfNewSet(setup, change.set))
        throw core::Error(*problem);
    if (change.settings) {
        const auto before = setup.sets.find(change.set);
        auto settings = merged(plugin.settingsSchema, *change.settings,
                               before == setup.sets.end() ? Object() : before->second, change.fromServer);
        if (auto& problems = settings.problems; !problems.empty())
            throw core::Error(errors::kPlugin, sentenceOf(plugin.name, change.set, problems), problems);
        setup.sets[change.set] = std::move(settings.values);
        if (setup.sets.size() > kMostSets)
            throw core::Error(errors::kPlugin,
                              "A plugin has at most " + std::to_string(kMostSets) + " named settings");
    }
    if (change.enabled)
        setup.enabled = *change.enabled;
    if (setup.enabled && change.set == protocol::kDefaultSettings && !setup.sets.contains(change.set) &&
        setup.sets.empty())
        if (const auto problems = protocol::problemsOfSettings(plugin.settingsSchema, {}); !problems.empty())
            throw core::Error(errors::kPlugin, sentenceOf(plugin.name, change.set, problems), problems);
    ++setup.version;
    Object sets;
    for (const auto& [name, settings] : setup.sets)
        sets.set(name, settings);
    std::error_code code;
    std::filesystem::create_directories(fileOf(plugin.name).parent_path(), code);
    writeFileDurably(fileOf(plugin.name),
                     core::json::write(Object{
                         {"enabled", setup.enabled}, {"version", setup.version}, {"sets", std::move(sets)}}));
    if (changed_)
        changed_();
    return setup;
}

} // namespace agent
