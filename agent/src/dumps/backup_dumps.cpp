#include "dumps/backup_dumps.h"

#include <algorithm>
#include <map>
#include <span>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "core/text.h"
#include "dumps/snapshot_contents.h"
#include "dumps/staged_step.h"
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
constexpr auto kUntilFree = std::chrono::milliseconds(200);

std::string nameOf(const DumpResult& result) {
    return result.database ? core::printable(*result.database) + " (" + result.plugin + ")" : result.plugin;
}

std::string outcomeOf(const restic::cli::StopReason stopped, bool failed, bool warned) {
    if (stopped == restic::cli::StopReason::cancelled)
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
    core::json::Array waiting;
    for (const auto& result : waiting_)
        waiting.push_back(core::wire::toJson(result));
    writeFileDurably(file(), core::json::write(core::json::Object{{"steps", steps_},
                                                                  {"finished", finished_},
                                                                  {"results", std::move(results)},
                                                                  {"waiting", std::move(waiting)}}));
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
    place_ = services_.staging.takeUp(report_.taskId());
    const auto text = readFileIfAny(file());
    if (!text)
        return true; // a backup without dumps
    const auto document = core::json::parse(*text);
    if (!document)
        return false;
    steps_ = static_cast<int>(document.value().integerOr("steps"));
    finished_ = document.value().booleanOr("finished");
    for (const auto& [name, results] : {std::pair{"results", &results_}, {"waiting", &waiting_}})
        if (const auto* list = document.value().find(name); list != nullptr && list->array())
            for (const auto& one : *list->array())
                if (auto result = core::wire::read<DumpResult>(one))
                    results->push_back(std::move(result).value());
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
        if (report_.stopReason() != restic::cli::StopReason::none)
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
    const auto mark = services_.plugins.markBegun(use.name, settings.value());
    Use one{.use = use, .plugin = *plugin, .settings = settings.value(), .label = services_.hostname};
    const bool goesOn = dumpAll(plan, one, stop);
    const auto outcome = outcomeOf(report_.stopReason(), one.failed, one.warned);
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
        Plugins::markDone(mark);
    return goesOn;
}

bool BackupDumps::dumpAll(const Plan& plan, Use& use, const std::stop_token& stop) {
    DumpResult common;
    common.plugin = use.plugin.name;
    common.set = use.use.set;
    common.onError = use.use.onError;
    common.state = dump_state::kFailed;
    const auto fail = [&](const std::string& message, const std::string& hint = {}) {
        common.error = pluginFailed(message, hint);
        add(common);
        use.failed = true;
        return true;
    };
    const auto& plugins = services_.plugins;
    core::json::Object answer;
    for (const auto* name : {"validate", "probe"}) {
        auto end = plugins.steps().run({.plugin = use.plugin, .name = name, .settings = use.settings},
                                       plugins.probeLimits(), stop, log());
        if (stop.stop_requested())
            return false;
        if (!end.ok)
            return fail(end.message, end.hint);
        answer = std::move(end.answer);
    }
    common.server = productIn(answer, "server");
    const auto items = itemsOf(answer);
    if (const auto* server = answer.find("server"); server != nullptr)
        if (auto label = server->stringOr("label"); !label.empty())
            use.label = std::move(label);
    if (items.empty())
        return fail("The plugin " + common.plugin + " found nothing to dump");
    if (items.size() > kMostItems)
        return fail(fmt::format("The plugin {} found {} things to dump; {} are dumped at most", common.plugin,
                                items.size(), kMostItems));
    // What the probe itself says is in the way of one of them.
    std::map<std::string, std::string> obstacles;
    if (const auto* problems = answer.find("problems"); problems != nullptr && problems->array() != nullptr)
        for (const auto& problem : *problems->array())
            if (!problem.booleanOr("warning"))
                obstacles[problem.stringOr("item")] = problem.stringOr("message");
    for (const auto& item : items) {
        if (report_.stopReason() != restic::cli::StopReason::none)
            break;
        auto result = common;
        result.database = item.name;
        if (const auto obstacle = obstacles.find(item.name);
            obstacle != obstacles.end() && !obstacle->second.empty()) {
            result.error = pluginFailed(core::printable(obstacle->second));
            add(std::move(result));
            use.failed = true;
        } else if (!dump(plan, use, item, std::move(result), stop)) {
            return false;
        }
    }
    return true;
}

bool BackupDumps::dump(const Plan& plan, Use& use, const DumpItem& item, DumpResult result,
                       const std::stop_token& stop) {
    const PluginStep step{.plugin = use.plugin,
                          .name = "dump",
                          .settings = use.settings,
                          .item = item.document,
                          .stream = "out"};
    result.item = core::json::write(item.document).size() <= kMostItemBytes
                      ? item.document
                      : core::json::Object{{"name", item.name}, {"kind", item.files ? "files" : "stream"}};
    result.tags = plan.tags;
    if (!use.use.withFiles) {
        result.tags.push_back("plugin:" + result.plugin);
        if (result.set)
            result.tags.push_back("set:" + encodedName(*result.set));
        result.tags.push_back("db:" + encodedName(item.name));
    }
    report_.log(LogLevel::info, "Dumping " + nameOf(result), restic_.position());
    const auto began = std::chrono::steady_clock::now();
    std::optional<DumpResult> done;
    if (use.use.withFiles || item.files) {
        done = dumpToDisk(plan, use, step, item, std::move(result), stop);
    } else {
        result.file = dumpFile({result.plugin, result.set, use.label}, item, plan.version);
        done = snapshot_.save(
            {plan.repository, plan.version, plan.arguments}, step, std::move(result),
            [this] { return nextCommand(); }, stop);
    }
    if (!done)
        return false;
    done->durationSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    use.warned = use.warned || done->state == dump_state::kEmpty || !done->warnings.empty();
    if (use.use.withFiles && done->state == dump_state::kFailed && !done->error) {
        waiting_.push_back(std::move(*done));
        keep();
        return true;
    }
    use.failed = use.failed || done->state == dump_state::kFailed;
    add(std::move(*done));
    return true;
}

std::optional<DumpResult> BackupDumps::dumpToDisk(const Plan& plan, const Use& use, const PluginStep& step,
                                                  const DumpItem& item, DumpResult result,
                                                  const std::stop_token& stop) {
    const std::filesystem::path* folder = nullptr;
    try {
        folder = place(plan, stop);
    } catch (const core::Error& error) {
        result.error = pluginFailed(error.what(), std::string(error.kind().recovery));
        return result;
    }
    if (folder == nullptr) {
        result.error = whyEnded();
        return stop.stop_requested() ? std::nullopt : std::optional(std::move(result));
    }
    const auto target =
        std::filesystem::path(folder->string() + stagedFile({result.plugin, result.set, use.label}, item));
    result.file = target.string();
    auto end = StagedStep(services_.plugins.steps(), services_.staging, report_,
                          {timeLimit(plan.task, services_.config), services_.config.dumps.stallTimeout})
                   .run(step, item.files, target, item.needs, stop, log());
    if (stop.stop_requested() && !end.step.ok)
        return std::nullopt;
    if (report_.stopReason() != restic::cli::StopReason::none)
        end.error = whyEnded();
    if (end.error || !end.step.ok) {
        result.error = end.error ? *end.error : pluginFailed(end.step.message, end.step.hint);
        return result;
    }
    std::error_code ignored;
    if (end.bytes == 0) {
        result.state = dump_state::kEmpty;
        std::filesystem::remove_all(target, ignored);
        return result;
    }
    if (use.use.withFiles) {
        result.tool = productIn(end.step.answer, "tool");
        result.warnings = warningsIn(end.step.answer);
        result.bytes = end.bytes;
        return result;
    }
    auto done = snapshot_.saveFiles(
        {plan.repository, plan.version, plan.arguments}, std::move(end.step), std::move(result),
        [this] { return nextCommand(); }, stop);
    if (done) // else restic still reads it
        std::filesystem::remove_all(target, ignored);
    return done;
}

protocol::TaskError BackupDumps::whyEnded() const {
    return restic::cli::judgeFailure({}, {}, report_.stopReason())
        .error.value_or(task_errors::make(task_errors::kCancelled));
}

int BackupDumps::nextCommand() {
    keep(); // before restic starts: after a crash it is known that this was a dump
    return steps_++;
}

const std::filesystem::path* BackupDumps::place(const Plan& plan, const std::stop_token& stop) {
    // The same for each run of a policy: restic finds the dump before, and groups its snapshots by paths.
    const auto name = (plan.task.policyId ? *plan.task.policyId : plan.task.taskId).toString();
    for (bool told = false; !place_; told = true) {
        if (stop.stop_requested() || report_.stopReason() != restic::cli::StopReason::none)
            return nullptr;
        place_ = services_.staging.take(name, report_.taskId());
        if (place_)
            break;
        if (!told)
            report_.log(LogLevel::info,
                        "Another task of this policy dumps to the disk; this one waits for it",
                        restic_.position());
        std::this_thread::sleep_for(kUntilFree);
    }
    return &place_->folder();
}

std::optional<std::string> BackupDumps::folder() const {
    return place_ && !waiting_.empty() ? std::optional(place_->folder().string()) : std::nullopt;
}

void BackupDumps::settle(const std::optional<restic::cli::RepositoryAccess>& repository,
                         const protocol::BackupResult& files, const std::stop_token& stop) {
    const auto id = files.snapshotId ? files.snapshotId : files.shortId;
    if (waiting_.empty() || !id)
        return;
    std::optional<protocol::TaskError> error;
    std::optional<SnapshotContents> contents;
    if (repository && place_) // not after dumps.staging_dir was changed meanwhile
        contents =
            SnapshotContents::below(place_->folder().string(), *id, commands_, *repository, stop, error);
    if (stop.stop_requested())
        return;
    // An agent that was ended meanwhile is not always sent the password again. It is begun again then.
    if (!contents && !error)
        error = task_errors::make(task_errors::kInterrupted,
                                  "The agent was ended while the dump was saved; whether the snapshot " +
                                      id->substr(0, 8) + " holds it could not be looked up");
    for (auto& dump : waiting_) {
        const auto saved = contents ? contents->bytesOf(*dump.file) : std::nullopt;
        if (!contents) {
            dump.error = error;
        } else if (saved && saved == dump.bytes) {
            dump.state = dump_state::kSaved;
            dump.snapshotId = files.snapshotId;
            dump.shortId = files.shortId;
            dump.time = files.time;
        } else {
            dump.error = pluginFailed(
                "The snapshot " + id->substr(0, 8) + " does not hold the whole dump" +
                    (saved ? fmt::format(": {} of {} bytes", *saved, dump.bytes.value_or(0)) : std::string()),
                "Look whether one of the patterns of what is left out matches the dump's path, " +
                    core::printable(*dump.file));
        }
        add(std::move(dump));
    }
    waiting_.clear();
    keep();
}

void BackupDumps::removeFromDisk() {
    if (place_)
        place_->remove();
    place_.reset();
}

void BackupDumps::judge(restic::cli::Verdict& verdict) {
    // Without the files' snapshot there is none of these either.
    for (auto& dump : waiting_) {
        dump.error = verdict.error.value_or(task_errors::make(task_errors::kCancelled));
        results_.push_back(std::move(dump));
    }
    const auto filesFailed = waiting_.size();
    waiting_.clear();
    std::vector<std::string> causes;
    std::optional<protocol::TaskError> first;
    for (const auto& result : std::span(results_).first(results_.size() - filesFailed)) {
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
