#include "commands/plugin_restore.h"

#include <cstdio>

#include <fmt/format.h>

#include "core/line_splitter.h"
#include "core/text.h"
#include "dumps/dump_names.h"
#include "dumps/dump_reader.h"
#include "plugins/plugin_report.h"
#include "restic/cli/probe.h"
#include "restic/cli/snapshots.h"
#include "restic/task_repository.h"
#include "state/files.h"

namespace agent {
namespace {
using core::json::Object;

restic::cli::RepositoryAccess accessOf(const RestoreContext& context,
                                       const std::optional<restic::cli::ResticVersion>& version) {
    const auto access =
        planAccess(restic::protocol::TaskPayload{}, {context.config, context.config.agent.hostname, version});
    if (const auto* error = std::get_if<restic::protocol::TaskError>(&access))
        throw core::Error(errors::kPlugin, error->message + ". " + error->hint);
    return std::get<restic::cli::RepositoryAccess>(access);
}

/// The path of the only file that a dump's snapshot has.
std::string fileOf(const RestoreContext& context, const restic::cli::ResticCommands& commands,
                   const restic::cli::RepositoryAccess& access, const std::string& snapshot) {
    auto command = commands.on(access, {"snapshots", "--json", "--no-lock", snapshot});
    command.spec.standardOutput = core::ProcessOutput::capture();
    command.spec.standardError = core::ProcessOutput::capture();
    const auto result = context.runner.run(command.spec);
    const auto found =
        result && result.value().exit.ok() ? restic::cli::readSnapshots(result.value().output) : std::nullopt;
    if (!found || found->size() != 1 || found->front().paths.size() != 1)
        throw core::Error(errors::kPlugin,
                          "The repository does not show a snapshot " + core::printable(snapshot) +
                              " with one dump in it. Look with restic snapshots, and name --file");
    return found->front().paths.front();
}

/// "files" of a folder, "stream" of a file: as the snapshot holds it.
const char* kindOf(const RestoreContext& context, const restic::cli::ResticCommands& commands,
                   const restic::cli::RepositoryAccess& access, const std::string& snapshot,
                   const std::string& file) {
    auto command = commands.on(access, {"ls", "--json", "--no-lock", snapshot, file});
    command.spec.standardOutput = core::ProcessOutput::capture();
    command.spec.standardError = core::ProcessOutput::capture();
    const auto result = context.runner.run(command.spec);
    if (!result || !result.value().exit.ok())
        throw core::Error(errors::kPlugin, "The repository does not show what the snapshot " +
                                               core::printable(snapshot) + " holds at " +
                                               core::printable(file));
    const char* kind = nullptr;
    core::LineSplitter lines;
    const auto read = [&](std::string_view line) {
        const auto node = core::json::parse(line);
        if (node && node.value().stringOr("path") == file)
            kind = node.value().stringOr("type") == "dir" ? "files" : "stream";
    };
    lines.feed(result.value().output, read);
    lines.finish(read);
    if (kind == nullptr)
        throw core::Error(errors::kPlugin, "The snapshot " + core::printable(snapshot) +
                                               " holds nothing at " + core::printable(file) +
                                               ". Look with restic ls, and name --file");
    return kind;
}

void print(const CommonOptions& common, const DumpReadEnd& end, const PluginRestore& what,
           const std::string& target) {
    if (common.json) {
        Object out{{"ok", !end.error.has_value()},
                   {"database", target},
                   {"bytes", static_cast<std::int64_t>(end.bytes)},
                   {"answer", end.answer}};
        out.set("error", end.error ? core::wire::toJson(*end.error) : core::json::Value());
        fmt::print("{}\n", core::json::write(out));
        return;
    }
    if (end.error) {
        fmt::print("PROBLEM: {}\n  {}\n", end.error->message, end.error->hint);
        return;
    }
    if (const auto* tables = end.answer.find("tables"); what.verify && tables != nullptr && tables->array())
        for (const auto& table : *tables->array())
            fmt::print("  {:<50} {:>12} rows\n", core::printable(table.stringOr("name")),
                       table.integerOr("rows"));
    for (const auto& warning : warningsIn(end.answer))
        fmt::print("Warning: {}\n", warning);
    fmt::print("{} {}.\n", core::printable(target), what.verify ? "can be restored" : "is restored");
}
} // namespace

ExitCode restoreFromCommandLine(const Plugins& plugins, const PluginFile& plugin, const PluginRestore& what,
                                const RestoreContext& context) {
    const auto* step = what.verify ? "verify" : "restore";
    if (!plugin.can(step))
        throw core::Error(errors::kPlugin, "The plugin " + plugin.name + " cannot " + step + " a dump");
    const auto settings = plugins.settings().tryOut(plugin, what.set, [&] {
        const auto setup = plugins.settings().of(plugin.name);
        const auto found = setup.sets.find(what.set);
        return found == setup.sets.end() ? Object() : found->second;
    }());
    if (!settings)
        throw core::Error(settings.error());
    const restic::cli::ResticCommands commands(context.config.restic, context.common.stateDir / "cache",
                                               context.common.environment);
    restic::cli::ResticProbe probe(context.runner, commands);
    if (!probe.version())
        throw core::Error(errors::kPlugin, probe.problem());
    const auto access = accessOf(context, probe.version());
    const auto file = what.file.empty() ? fileOf(context, commands, access, what.snapshot) : what.file;
    const auto database =
        what.database.empty() ? decodedName(std::filesystem::path(file).stem().string()) : what.database;
    const auto target = what.as.empty() ? database : what.as;
    Staging staging(stagingFolder(context.config, context.common.stateDir),
                    context.config.dumps.maxDiskUsage);
    DumpReader reader(
        commands, plugins.steps(), staging,
        {.total = context.config.restic.commandTimeout, .still = context.config.dumps.stallTimeout});
    const auto end = reader.run(
        {access, what.snapshot, file},
        {.plugin = plugin,
         .name = step,
         .settings = settings.value(),
         .item = Object{{"name", database}, {"kind", kindOf(context, commands, access, what.snapshot, file)}},
         .options = Object{{"database", target}, {"replace", what.replace}}},
        {.log = [](core::LogLevel, const std::string& text) { fmt::print(stderr, "{}\n", text); },
         .progress = {},
         .cancelled = [] { return false; }});
    const auto right = plugins.steps().run(
        {.plugin = plugin, .name = "cleanup", .settings = settings.value()}, plugins.cleanupLimits(), {},
        [](core::LogLevel, const std::string& text) { fmt::print(stderr, "{}\n", text); });
    if (!right.ok)
        fmt::print(stderr, "The plugin could not put things right: {}\n", right.message);
    print(context.common, end, what, target);
    return end.error || !right.ok ? ExitCode::failure : ExitCode::success;
}

} // namespace agent
