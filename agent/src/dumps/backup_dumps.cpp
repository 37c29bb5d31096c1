#include "dumps/backup_dumps.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"
#include "plugins/plugin_report.h"
#include "restic/protocol/notices.h"
#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/task_errors.h"
#include "state/files.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
namespace dump_state = restic::protocol::dump_state;
namespace on_error = restic::protocol::on_error;
using core::LogLevel;
using protocol::DumpResult;
using protocol::TaskState;

constexpr const char* kResultsFile = "dumps.json";
constexpr int kMostItems = 1000;
constexpr std::size_t kMostItemBytes = 4096;
/// Tells why in result and log; more stands in the log.
constexpr std::size_t kMostNamed = 5;

protocol::TaskError pluginFailed(const std::string& message, const std::string& hint = {}) {
    auto error = task_errors::make(task_errors::kPluginFailed, message);
    if (!hint.empty())
        error.hint = hint;
    return error;
}

std::string nameOf(const DumpResult& result) {
    return result.database ? core::printable(*result.database) + " (" + result.plugin + ")" : result.plugin;
}

std::string outcomeOf(const StopReason stopped, bool failed, bool warned) {
    if (stopped == StopReason::cancelled)
        return "cancelled";
    return failed ? "failed" : warned ? "warning" : "success";
}
} // namespace

std::filesystem::path BackupDumps::file() const {
    return services_.state.task(report_.taskId(), report_.attempt()) / kResultsFile;
}

StepMessages::Log BackupDumps::log() {
    return [this](LogLevel level, const std::string& text) { report_.log(level, text, restic_.position()); };
}

void BackupDumps::keep() {
    core::json::Array results;
    for (const auto& result : results_)
        results.push_back(core::wire::toJson(result));
    writeFileDurably(file(),
                     core::json::write(core::json::Object{
                         {"steps", steps_}, {"finished", finished_}, {"results", std::move(results)}}));
}

void BackupDumps::add(DumpResult result) {
    if (result.error) {
        result.error->message = report_.redact(result.error->message);
        report_.log(LogLevel::error, "Not dumped: " + nameOf(result) + ": " + result.error->message,
                    restic_.position());
    }
    results_.push_back(std::move(result));
    keep();
}

bool BackupDumps::resume(int step) {
    const auto text = readFileIfAny(file());
    if (!text)
        return true; // a backup without dumps
    const auto document = core::json::parse(*text);
    if (!document)
        return false;
    steps_ = static_cast<int>(document.value().integerOr("steps"));
    finished_ = document.value().booleanOr("finished");
    if (const auto* results = document.value().find("results"); results != nullptr && results->array())
        for (const auto& one : *results->array())
            if (auto result = core::wire::read<DumpResult>(one))
                results_.push_back(std::move(result).value());
    return finished_ && step >= steps_;
}

core::Result<core::json::Object> BackupDumps::settingsOf(const protocol::PluginUse& use,
                                                         const PluginFile& plugin) const {
    auto settings =
        services_.plugins.settings().resolve(plugin, use.set.value_or(protocol::kDefaultSettings));
    if (!settings)
        return settings;
    const auto fields = protocol::policyFieldsOf(plugin.settingsSchema);
    auto all = settings.value();
    for (const auto& [name, value] : use.settings.members()) {
        if (!fields.contains(name))
            return core::Error(errors::kPlugin, "The policy sets " + core::printable(name) +
                                                    " of the plugin " + plugin.name +
                                                    ", which only the agent's own settings may");
        all.set(name, value);
    }
    if (const auto problems = protocol::problemsOfSettings(plugin.settingsSchema, all); !problems.empty())
        return core::Error(errors::kPlugin, "The policy's settings of the plugin " + plugin.name +
                                                " cannot be used: " + problems.front().pointer + " " +
                                                problems.front().message);
    return all;
}

bool BackupDumps::run(const Plan& plan, const std::stop_token& stop) {
    for (const auto& use : plan.task.plugins) {
        if (report_.stopReason() != StopReason::none)
            break;
        if (!usePlugin(plan, use, stop))
            return false;
    }
    finished_ = true;
    keep();
    return true;
}

bool BackupDumps::usePlugin(const Plan& plan, const protocol::PluginUse& use, const std::stop_token& stop) {
    DumpResult failed;
    failed.plugin = use.name;
    failed.set = use.set;
    failed.onError = use.onError;
    failed.state = dump_state::kFailed;
    const auto fail = [&](const std::string& message, const std::string& hint = {}) {
        failed.error = pluginFailed(message, hint);
        add(failed);
        return true;
    };
    const auto installed = services_.plugins.installed();
    const auto* plugin = installed.find(use.name);
    if (plugin == nullptr)
        return fail(installed.whyNot(use.name), "Install the plugin on the machine, or take it out of the "
                                                "policy");
    if (!services_.plugins.policy().allowsPlugin(use.name)) {
        failed.error = task_errors::make(task_errors::kForbiddenOnMachine,
                                         "The machine's local policy does not allow the plugin " + use.name);
        add(failed);
        return true;
    }
    const auto settings = settingsOf(use, *plugin);
    if (!settings)
        return fail(settings.error().what());
    hideSecrets(services_.log.hub(), *plugin, settings.value());
    services_.plugins.markBegun(use.name, settings.value());
    std::string outcome = "success";
    const bool goesOn = dumpAll(plan, use, *plugin, settings.value(), outcome, stop);
    // Both also for a cancelled task and an agent that ends: a container must not stay paused.
    bool right = true;
    for (const auto* name : {"after", "cleanup"}) {
        const auto end = services_.plugins.steps().run(
            {.plugin = *plugin, .name = name, .settings = settings.value(), .outcome = outcome},
            services_.plugins.cleanupLimits(), {}, log());
        right = right && end.ok;
        if (!end.ok)
            report_.note(protocol::notices::kDumpDoubtful,
                         "The plugin " + use.name + " could not put things right: " + end.message);
    }
    if (right)
        services_.plugins.markDone(use.name);
    return goesOn;
}

bool BackupDumps::dumpAll(const Plan& plan, const protocol::PluginUse& use, const PluginFile& plugin,
                          const core::json::Object& settings, std::string& outcome,
                          const std::stop_token& stop) {
    DumpResult common;
    common.plugin = use.name;
    common.set = use.set;
    common.onError = use.onError;
    common.state = dump_state::kFailed;
    const auto& plugins = services_.plugins;
    std::stop_source looking;
    const std::stop_callback ends(stop, [&] { looking.request_stop(); });
    core::json::Object answer;
    for (const auto* name : {"validate", "probe"}) {
        auto end = plugins.steps().run({.plugin = plugin, .name = name, .settings = settings},
                                       plugins.probeLimits(), looking.get_token(), log());
        if (stop.stop_requested())
            return false;
        if (!end.ok) {
            common.error = pluginFailed(end.message, end.hint);
            add(common);
            outcome = "failed";
            return true;
        }
        answer = std::move(end.answer);
    }
    common.server = productIn(answer, "server");
    const auto items = itemsOf(answer);
    const auto* server = answer.find("server");
    const auto label = server == nullptr ? std::string() : server->stringOr("label");
    if (items.empty() || items.size() > kMostItems) {
        common.error = pluginFailed(items.empty() ? "The plugin " + use.name + " found nothing to dump"
                                                  : fmt::format("The plugin {} found {} things to dump; {} "
                                                                "are dumped at most",
                                                                use.name, items.size(), kMostItems));
        add(common);
        outcome = "failed";
        return true;
    }
    // What the probe itself says is in the way of one of them.
    const auto* problems = answer.find("problems");
    bool failed = false;
    bool warned = false;
    for (const auto& item : items) {
        if (report_.stopReason() != StopReason::none)
            break;
        auto result = common;
        result.database = item.name;
        if (core::json::write(item.document).size() <= kMostItemBytes)
            result.item = item.document;
        std::string obstacle;
        if (problems != nullptr && problems->array() != nullptr)
            for (const auto& problem : *problems->array())
                if (problem.stringOr("item") == item.name && !problem.booleanOr("warning"))
                    obstacle = problem.stringOr("message");
        if (item.files)
            obstacle = "It is dumped as files, which this agent does not save yet";
        if (!obstacle.empty()) {
            result.error = pluginFailed(core::printable(obstacle));
            add(std::move(result));
            failed = true;
            continue;
        }
        const auto name = dumpFile(use.name, label.empty() ? services_.hostname : label, item, plan.version);
        result.file = name;
        auto done = dump(
            plan,
            {.plugin = plugin, .name = "dump", .settings = settings, .item = item.document, .stream = "out"},
            item, name, std::move(result), stop);
        if (!done)
            return false;
        failed = failed || done->state == dump_state::kFailed;
        warned = warned || done->state == dump_state::kEmpty || !done->warnings.empty();
        add(std::move(*done));
    }
    outcome = outcomeOf(report_.stopReason(), failed, warned);
    return true;
}

std::optional<DumpResult> BackupDumps::dump(const Plan& plan, const PluginStep& step, const DumpItem& item,
                                            const std::string& file, DumpResult result,
                                            const std::stop_token& stop) {
    result.tags = plan.tags;
    result.tags.push_back("plugin:" + step.plugin.name);
    if (result.set)
        result.tags.push_back("set:" + encodedName(*result.set));
    result.tags.push_back("db:" + encodedName(item.name));
    auto arguments = plan.arguments;
    for (const auto& tag : result.tags)
        arguments.push_back("--tag=" + tag);
    arguments.push_back("--stdin-filename=" + file);
    report_.log(LogLevel::info, "Dumping " + nameOf(result), restic_.position());
    const auto began = std::chrono::steady_clock::now();
    for (;;) {
        keep(); // before restic starts: after a crash it is known that this was a dump
        if (const auto error = stream_.start({.step = step, .arguments = arguments, .number = steps_++},
                                             plan.repository, plan.version)) {
            result.error = *error;
            return result;
        }
        BackupOutput output(
            [&](LogLevel level, const std::string& text) { report_.log(level, text, restic_.position()); });
        const auto end = stream_.follow(output, stop);
        if (!end)
            return std::nullopt;
        if (!output.summary() && end->resticFirst &&
            locks_.removeAfter(plan.repository, end->restic, output.errorText(), stop))
            continue;
        judgeDump(plan, *end, output, result, stop);
        break;
    }
    result.durationSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return result;
}

void BackupDumps::judgeDump(const Plan& plan, const DumpEnd& end, const BackupOutput& output,
                            DumpResult& result, const std::stop_token& stop) {
    result.tool = productIn(end.step.answer, "tool");
    result.warnings = warningsIn(end.step.answer);
    const auto& summary = output.summary();
    const auto shortId = summary ? summary->snapshotId.substr(0, 8) : std::string();
    const bool saved = summary && !shortId.empty() && end.restic.known && end.restic.signal == 0 &&
                       (end.restic.code == 0 || end.restic.code == 3);
    const bool nothing = saved && summary->totalBytesProcessed == 0;
    if (saved && (nothing || !end.step.ok)) {
        // restic makes a snapshot even of nothing. It must not be taken for a dump.
        std::optional<protocol::TaskError> error;
        const auto gone = commands_.run(plan.repository, {"forget", shortId}, stop, error, true);
        report_.log(LogLevel::info,
                    gone && gone->exit.ok()
                        ? "The snapshot " + shortId + ", which holds no dump, was removed"
                        : "The snapshot " + shortId + " holds no dump and could not be removed",
                    restic_.position());
    } else if (saved) {
        result.state = dump_state::kSaved;
        result.shortId = shortId;
        result.snapshotId = summary->snapshotId.size() == 64
                                ? summary->snapshotId
                                : SnapshotIds(services_, commands_)
                                      .whole(shortId, plan.repository, plan.repository.localFolder(), stop);
        result.bytes = summary->totalBytesProcessed;
        result.dataAdded = summary->dataAdded;
        result.time = summary->start;
        return;
    }
    if (nothing && end.step.ok) {
        result.state = dump_state::kEmpty;
        return;
    }
    // restic 0.14 forgets its lock when it is interrupted in the moment in which it makes it.
    if (!summary && (report_.stopReason() != StopReason::none || !end.step.ok || end.restic.signal != 0))
        locks_.removeLeftBehind(plan.repository, plan.repository.localFolder(), stop);
    if (report_.stopReason() == StopReason::none && !end.step.ok && !end.resticFirst) {
        result.error = pluginFailed(end.step.message, end.step.hint);
        return;
    }
    const auto verdict = judgeFailure(end.restic, output.errorText(), report_.stopReason());
    result.error = verdict.error.value_or(task_errors::make(task_errors::kCancelled));
}

void BackupDumps::judge(Verdict& verdict) {
    std::vector<std::string> causes;
    std::optional<protocol::TaskError> first;
    for (const auto& result : results_) {
        if (result.state == dump_state::kSaved) {
            for (const auto& warning : result.warnings)
                report_.note(protocol::notices::kDumpDoubtful, nameOf(result) + ": " + warning);
            continue;
        }
        const auto cause = nameOf(result) + ": " +
                           (result.error ? result.error->message : std::string("the dump holds nothing"));
        if (result.state == dump_state::kEmpty) {
            report_.note(protocol::notices::kDumpEmpty, cause);
        } else if (result.onError == on_error::kFail) {
            if (!first)
                first = result.error;
            causes.push_back(cause);
        } else {
            report_.note(result.onError == on_error::kWarn ? protocol::notices::kDumpFailed
                                                           : protocol::notices::kDumpIgnored,
                         "Not dumped: " + cause);
        }
    }
    if (causes.empty() || verdict.state == TaskState::cancelled)
        return;
    std::string message = "Not dumped: ";
    for (std::size_t i = 0; i < causes.size() && i < kMostNamed; ++i)
        message += (i == 0 ? "" : "; ") + causes[i];
    if (causes.size() > kMostNamed)
        message += fmt::format("; and {} more", causes.size() - kMostNamed);
    const bool filesSaved = verdict.state == TaskState::success || verdict.state == TaskState::warning;
    message += filesSaved ? ". Everything else was saved" : "";
    if (verdict.error && !filesSaved)
        message += ". " + verdict.error->message;
    auto error = first.value_or(pluginFailed({}));
    error.message = std::move(message);
    verdict = {TaskState::failed, "failed", std::move(error)};
}

} // namespace agent
