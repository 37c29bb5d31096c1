#include "commands/plugin_commands.h"

#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "commands/plugin_settings_input.h"
#include "commands/plugin_template.h"
#include "core/text.h"
#include "restic/protocol/plugin_settings.h"
#include "state/files.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
using core::json::Object;
using core::json::Value;

/// What a probe found, for people.
void printProbe(const Object& answer) {
    if (const auto* server = answer.find("server"))
        fmt::print("Server: {} {}\n", core::printable(server->stringOr("product")),
                   core::printable(server->stringOr("version")));
    if (const auto* tools = answer.find("tools"); tools != nullptr && tools->array() != nullptr)
        for (const auto& tool : *tools->array())
            fmt::print("Program: {} {}  {}\n", core::printable(tool.stringOr("name")),
                       core::printable(tool.stringOr("version")), core::printable(tool.stringOr("path")));
    if (const auto* items = answer.find("items"); items != nullptr && items->array() != nullptr) {
        fmt::print("Will be dumped:{}\n", items->array()->empty() ? " nothing" : "");
        for (const auto& item : *items->array()) {
            const auto bytes = item.integerOr("bytes", -1);
            fmt::print("  {}{}\n", core::printable(item.stringOr("name")),
                       bytes < 0 ? std::string()
                                 : "  (about " + core::formatBytes(static_cast<std::uint64_t>(bytes)) + ")");
        }
    }
    if (const auto* problems = answer.find("problems"); problems != nullptr && problems->array() != nullptr)
        for (const auto& problem : *problems->array()) {
            fmt::print("{}: {}\n", problem.booleanOr("warning") ? "Warning" : "PROBLEM",
                       core::printable(problem.stringOr("message")));
            if (const auto statement = problem.stringOr("statement"); !statement.empty())
                fmt::print("  {}\n", core::printable(statement));
        }
}

bool hasObstacle(const Object& answer) {
    const auto* problems = answer.find("problems");
    if (problems == nullptr || problems->array() == nullptr)
        return false;
    for (const auto& problem : *problems->array())
        if (!problem.booleanOr("warning"))
            return true;
    return false;
}
} // namespace

PluginCommands::PluginCommands(CLI::App& app, const std::function<void(CLI::App&)>& shared,
                               CommonOptions& common)
    : common_(common), set_(protocol::kDefaultSettings) {
    group_ = app.add_subcommand("plugin", "Dump plugins: databases and volumes");
    group_->require_subcommand(1);
    group_->footer("\nExamples:\n"
                   "  restic-agent plugin list\n"
                   "  restic-agent plugin enable postgres host=localhost user=backup "
                   "password_file=/etc/restic-agent/pg.pass\n"
                   "  restic-agent plugin test postgres\n"
                   "  restic-agent plugin new mongodb ./mongodb\n");
    const auto add = [&](const char* name, const char* what, bool named) {
        auto* command = group_->add_subcommand(name, what);
        shared(*command);
        command->add_flag("--json", common_.json, "As JSON");
        if (named)
            command->add_option("NAME", name_, "The plugin")->required();
        return command;
    };
    list_ = add("list", "Installed plugins, how they are set up, and which were refused", false);
    list_->footer("\nExample:\n  restic-agent plugin list --json\n");
    enable_ = add("enable", "Switch a plugin on, or change its settings", true);
    enable_->add_option("SETTING", assignments_,
                        "KEY=VALUE, as often as needed; lists with commas, KEY= removes one. Passwords do "
                        "not belong here, where every user sees them: use password_file or --settings -");
    enable_->add_option("--settings", settingsFile_,
                        "All settings as YAML or JSON; - reads them from standard input");
    enable_->add_option(
        "--set", set_,
        "The name of further settings, for policies that name them: letters, digits, _, - and .");
    enable_->footer("\nExamples:\n"
                    "  restic-agent plugin enable mysql user=backup password_file=/etc/mysql/backup.pass "
                    "databases=shop,crm\n"
                    "  restic-agent plugin enable postgres --settings postgres.yaml --set reports\n");
    disable_ = add("disable", "Switch a plugin off; its settings stay", true);
    disable_->footer("\nExample:\n  restic-agent plugin disable mysql\n");
    test_ = add("test", "Look at the server: versions, what would be dumped, what is in the way", true);
    test_->add_option("--set", set_, "The name of the settings to test");
    test_->footer("\nExit code 1 where something is in the way.\n\nExample:\n  restic-agent plugin test "
                  "postgres\n");
    restore_ =
        add("restore", "Bring a database back from its dump in the repository of the configuration", true);
    restore_->add_option("--snapshot", what_.snapshot, "The dump's snapshot, as `restic snapshots` lists it")
        ->required();
    restore_->add_option("--file", what_.file, "The dump's path in it (default: the only one)");
    restore_->add_option("--database", what_.database,
                         "The database as it was dumped (default: from the path)");
    restore_->add_option("--as", what_.as, "The name under which it is to stand (default: its own)");
    restore_->add_flag("--replace", what_.replace, "A database of that name is replaced");
    restore_->add_option("--set", set_, "The name of the settings that say where to");
    restore_->add_flag("--verify", what_.verify,
                       "Only try it: restore into a server that is started for that, and count the rows");
    restore_->footer("\nExamples:\n"
                     "  restic-agent plugin restore postgres --snapshot 1a2b3c4d --as shop_yesterday\n"
                     "  restic-agent plugin restore postgres --snapshot 1a2b3c4d --verify\n");
    new_ = group_->add_subcommand("new", "Write the beginning of a plugin of your own");
    new_->add_option("NAME", name_, "Its name: a letter, then letters, digits and _")->required();
    new_->add_option("DIR", folder_, "The folder to make")->required();
    new_->footer("\nExample:\n  restic-agent plugin new mongodb ./mongodb\n");
}

bool PluginCommands::parsed() const {
    return group_->parsed();
}

ExitCode PluginCommands::run(core::ProcessRunner& runner) {
    if (*new_)
        return makeNew();
    const auto config = loadConfig(common_.configFile, common_.configRequired, common_.environment);
    Plugins plugins(config, common_.stateDir / "plugins", runner, common_.environment,
                    readLocalPolicy(config.agent.localPolicy));
    if (*list_)
        return list(plugins);
    if (*enable_ || *disable_)
        return change(plugins, enable_->parsed());
    if (*restore_)
        return restore(plugins, config, runner);
    return test(plugins);
}

ExitCode PluginCommands::restore(Plugins& plugins, const Config& config, core::ProcessRunner& runner) const {
    auto what = what_;
    what.set = set_;
    return restoreFromCommandLine(plugins, find(plugins), what, {common_, config, runner});
}

PluginFile PluginCommands::find(const Plugins& plugins) const {
    const auto installed = plugins.installed();
    const auto* plugin = installed.find(name_);
    if (plugin == nullptr)
        throw core::Error(errors::kPlugin, installed.whyNot(name_) + " (" + plugins.folder().string() + ").");
    return *plugin;
}

ExitCode PluginCommands::list(const Plugins& plugins) const {
    const auto installed = plugins.installed();
    core::json::Array items;
    for (const auto& plugin : installed.plugins) {
        const auto setup = plugins.settings().of(plugin.name);
        core::json::Array sets;
        for (const auto& [name, settings] : setup.sets)
            sets.emplace_back(name);
        items.emplace_back(Object{{"name", plugin.name},
                                  {"version", plugin.version},
                                  {"summary", plugin.summary},
                                  {"enabled", setup.enabled},
                                  {"allowed", plugins.policy().allowsPlugin(plugin.name)},
                                  {"origin", setup.setOnMachine ? "config" : "state"},
                                  {"sets", std::move(sets)}});
    }
    core::json::Array refused;
    for (const auto& one : installed.refused)
        refused.emplace_back(Object{{"name", one.name}, {"why", one.why}});
    if (common_.json) {
        fmt::print("{}\n", core::json::write(Object{{"folder", plugins.folder().string()},
                                                    {"items", std::move(items)},
                                                    {"refused", refused}}));
        return refused.empty() ? ExitCode::success : ExitCode::failure;
    }
    if (items.empty() && refused.empty())
        fmt::print("No plugins are installed in {}.\n", plugins.folder().string());
    for (const auto& item : items)
        fmt::print("{:<12} {:<8} {:<4} {}{}{}\n", item.stringOr("name"), item.stringOr("version"),
                   item.booleanOr("enabled") ? "on" : "off", item.stringOr("summary"),
                   item.stringOr("origin") == "config" ? "  [set on the machine]" : "",
                   item.booleanOr("allowed") ? "" : "  [forbidden by the local policy]");
    for (const auto& one : installed.refused)
        fmt::print("{:<12} refused: {}\n", one.name, one.why);
    return installed.refused.empty() ? ExitCode::success : ExitCode::failure;
}

ExitCode PluginCommands::change(Plugins& plugins, bool enable) const {
    const auto plugin = find(plugins);
    PluginSettings::Change change;
    change.enabled = enable;
    change.set = set_;
    if (enable) {
        const auto before = plugins.settings().of(plugin.name);
        const auto found = before.sets.find(set_);
        change.settings = readPluginSettings(plugin.settingsSchema, settingsFile_, assignments_,
                                             found == before.sets.end() ? Object() : found->second);
    }
    std::error_code code;
    std::filesystem::create_directories(common_.stateDir, code);
    const auto setup = plugins.settings().change(plugin, change);
    if (common_.json) {
        fmt::print("{}\n",
                   core::json::write(Object{
                       {"name", plugin.name}, {"enabled", setup.enabled}, {"version", setup.version}}));
        return ExitCode::success;
    }
    fmt::print("The plugin {} is {}.{}\n", plugin.name, setup.enabled ? "on" : "off",
               setup.enabled ? " Test it: restic-agent plugin test " + plugin.name : "");
    return ExitCode::success;
}

ExitCode PluginCommands::test(const Plugins& plugins) const {
    const auto plugin = find(plugins);
    const auto settings = plugins.settings().resolve(plugin, set_);
    if (!settings)
        throw core::Error(settings.error());
    StepEnd end;
    for (const auto* step : {"validate", "probe"}) {
        end = plugins.steps().run(
            {.plugin = plugin, .name = step, .settings = settings.value()}, plugins.probeLimits(), {},
            [](core::LogLevel, const std::string& text) { fmt::print(stderr, "{}\n", text); });
        if (!end.ok)
            break;
    }
    const bool good = end.ok && !hasObstacle(end.answer);
    if (common_.json) {
        fmt::print("{}\n",
                   core::json::write(Object{
                       {"ok", good}, {"message", end.message}, {"hint", end.hint}, {"answer", end.answer}}));
    } else if (!end.ok) {
        fmt::print("PROBLEM: {}\n", end.message);
        if (!end.hint.empty())
            fmt::print("  {}\n", end.hint);
    } else {
        printProbe(end.answer);
        fmt::print("{}\n", good ? "The plugin can do its work." : "Not everything can be dumped.");
    }
    return good ? ExitCode::success : ExitCode::failure;
}

ExitCode PluginCommands::makeNew() const {
    writePluginTemplate(name_, folder_);
    fmt::print("{} has the beginning of a plugin. Read {}/README.md.\n", folder_, folder_);
    return ExitCode::success;
}

} // namespace agent
