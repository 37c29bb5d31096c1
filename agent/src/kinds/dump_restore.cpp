#include "kinds/dump_restore.h"

#include "core/text.h"
#include "dumps/dump_reader.h"
#include "executor/stale_locks.h"
#include "plugins/plugin_report.h"
#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::json::Object;

namespace {
constexpr std::size_t kMostTables = 10000;
} // namespace

core::Result<Object> DumpRestore::settingsOf(const PluginFile& plugin) const {
    const auto set = task_.set.value_or(protocol::kDefaultSettings);
    const auto setup = services_.plugins.settings().of(plugin.name);
    const auto kept = setup.sets.find(set);
    auto settings = kept == setup.sets.end()
                        ? Object()
                        : protocol::maskSettings(plugin.settingsSchema, kept->second).values;
    for (const auto& [name, value] : task_.destination.members())
        settings.set(name, value);
    return services_.plugins.settings().tryOut(plugin, set, settings);
}

std::optional<protocol::TaskError> DumpRestore::work(const restic::cli::RepositoryAccess& repository,
                                                     const std::stop_token& stop) {
    const auto& plugins = services_.plugins;
    if (!plugins.policy().allowsPlugin(task_.plugin) || !plugins.policy().restores)
        return task_errors::make(task_errors::kForbiddenOnMachine,
                                 "The machine's local policy allows no restore by the plugin " +
                                     task_.plugin);
    const auto installed = plugins.installed();
    const auto* plugin = installed.find(task_.plugin);
    if (plugin == nullptr)
        return task_errors::make(task_errors::kPluginFailed, installed.whyNot(task_.plugin));
    if (!plugin->can(step_))
        return task_errors::make(task_errors::kPluginFailed,
                                 "The plugin " + task_.plugin + " cannot " + step_ + " a dump");
    const auto settings = settingsOf(*plugin);
    if (!settings)
        return task_errors::make(task_errors::kPluginFailed, settings.error().what());
    hideSecrets(services_.log.hub(), *plugin, settings.value());
    auto item = task_.item;
    item.set("name", task_.database);
    const PluginStep step{.plugin = *plugin,
                          .name = step_,
                          .settings = settings.value(),
                          .item = std::move(item),
                          .options = Object{{"database", target()}, {"replace", task_.replace}}};
    const auto mark = plugins.markBegun(plugin->name, settings.value());
    report().log(core::LogLevel::info, "Reading the dump of " + core::printable(task_.database) +
                                           " from the snapshot " + task_.snapshotId.substr(0, 8));
    DumpReader reader(
        services_.commands, plugins.steps(), services_.staging,
        {.total = timeLimit(task_, services_.config), .still = services_.config.dumps.stallTimeout});
    const RestoreWatch watch{
        .log = [this](core::LogLevel level, const std::string& text) { report().log(level, text); },
        .progress =
            [this](std::uint64_t done) {
                protocol::Progress progress;
                progress.bytesDone = done;
                report().outbox().setProgress(std::move(progress));
            },
        .cancelled =
            [&] { return stop.stop_requested() || report().stopReason() != restic::cli::StopReason::none; }};
    auto end = reader.run({repository, task_.snapshotId, task_.file}, step, watch);
    answer_ = std::move(end.answer);
    bytes_ = end.bytes;
    if (end.resticWasEnded)
        StaleLocks(commands(), report()).removeLeftBehind(repository, repository.localFolder(), stop);
    const auto right =
        plugins.steps().run({.plugin = *plugin, .name = "cleanup", .settings = settings.value()},
                            plugins.cleanupLimits(), {}, watch.log);
    if (right.ok)
        Plugins::markDone(mark);
    else
        report().note(protocol::notices::kDumpDoubtful,
                      "The plugin " + task_.plugin + " could not put things right: " + right.message);
    return end.error;
}

Object RestoreDumpRun::result(protocol::TaskResult common) {
    protocol::RestoreDumpResult out;
    static_cast<protocol::TaskResult&>(out) = std::move(common);
    out.database = target();
    if (bytes() > 0)
        out.bytes = bytes();
    out.server = productIn(answer(), "server");
    out.warnings = warningsIn(answer());
    return *core::wire::toJson(out).object();
}

Object VerifyDumpRun::result(protocol::TaskResult common) {
    protocol::VerifyDumpResult out;
    static_cast<protocol::TaskResult&>(out) = std::move(common);
    out.database = task().database;
    if (bytes() > 0)
        out.bytes = bytes();
    out.server = productIn(answer(), "server");
    out.warnings = warningsIn(answer());
    if (const auto* tables = answer().find("tables"); tables != nullptr && tables->array() != nullptr)
        for (const auto& table : *tables->array()) {
            if (out.tables.size() == kMostTables)
                break;
            protocol::VerifiedTable one{core::printable(table.stringOr("name")), table.integerOr("rows"), {}};
            if (const auto* expected = table.find("expected"); expected != nullptr && expected->integer())
                one.expected = *expected->integer();
            out.tables.push_back(std::move(one));
        }
    return *core::wire::toJson(out).object();
}

} // namespace agent
