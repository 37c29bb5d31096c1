#include "dumps/dump_snapshot.h"

#include "executor/snapshot_ids.h"
#include "plugins/plugin_report.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace task_errors = restic::protocol::task_errors;
namespace dump_state = restic::protocol::dump_state;
using core::LogLevel;
using restic::protocol::DumpResult;

std::vector<std::string> tagged(std::vector<std::string> arguments, const std::vector<std::string>& tags) {
    for (const auto& tag : tags)
        arguments.push_back("--tag=" + tag);
    return arguments;
}
} // namespace

restic::cli::BackupOutput DumpSnapshot::makeOutput() {
    return restic::cli::BackupOutput(
        [this](LogLevel level, const std::string& text) { report_.log(level, text, restic_.position()); });
}

std::optional<DumpResult> DumpSnapshot::save(const Repository& repository, const PluginStep& step,
                                             DumpResult result, const NextCommand& command,
                                             const std::stop_token& stop) {
    auto arguments = tagged(repository.arguments, result.tags);
    arguments.push_back("--stdin-filename=" + *result.file);
    for (;;) {
        if (const auto error = stream_.start({.step = step, .arguments = arguments, .number = command()},
                                             repository.access, repository.version)) {
            result.error = *error;
            return result;
        }
        auto output = makeOutput();
        const auto end = stream_.follow(output, stop);
        if (!end)
            return std::nullopt;
        if (!output.summary() && end->resticFirst &&
            locks_.removeAfter(repository.access, end->restic, output.errorText(), stop))
            continue;
        judge(repository, *end, output, result, stop);
        return result;
    }
}

std::optional<DumpResult> DumpSnapshot::saveFiles(const Repository& repository, StepEnd made,
                                                  DumpResult result, const NextCommand& command,
                                                  const std::stop_token& stop) {
    auto arguments = tagged(repository.arguments, result.tags);
    arguments.emplace_back("--");
    arguments.push_back(*result.file);
    DumpEnd end;
    end.step = std::move(made);
    end.resticFirst = true; // the plugin has done its part
    for (;;) {
        if (const auto error = restic_.start(repository.access, arguments, {{}, command()})) {
            result.error = *error;
            return result;
        }
        auto output = makeOutput();
        const auto exit = restic_.follow({.output = [&](std::string_view line) { output.outputLine(line); },
                                          .error = [&](std::string_view line) { output.errorLine(line); },
                                          .looked =
                                              [&] {
                                                  if (output.progress())
                                                      report_.outbox().setProgress(*output.progress());
                                              }},
                                         stop);
        if (!exit)
            return std::nullopt;
        if (!output.summary() && locks_.removeAfter(repository.access, *exit, output.errorText(), stop))
            continue;
        end.restic = *exit;
        // What could not be read would be missing in the dump.
        if (end.restic.known && end.restic.code == 3)
            end.step = {false, {}, "restic could not read the whole dump", {}};
        judge(repository, end, output, result, stop);
        return result;
    }
}

void DumpSnapshot::judge(const Repository& repository, const DumpEnd& end,
                         const restic::cli::BackupOutput& output, DumpResult& result,
                         const std::stop_token& stop) {
    result.tool = productIn(end.step.answer, "tool");
    result.warnings = warningsIn(end.step.answer);
    const auto& access = repository.access;
    const auto& summary = output.summary();
    const auto shortId = summary ? summary->snapshotId.substr(0, 8) : std::string();
    const bool saved = summary && !shortId.empty() && end.restic.known && end.restic.signal == 0 &&
                       (end.restic.code == 0 || end.restic.code == 3);
    const bool nothing = saved && summary->totalBytesProcessed == 0;
    if (saved && (nothing || !end.step.ok)) {
        // restic makes a snapshot even of nothing. It must not be taken for a dump.
        std::optional<restic::protocol::TaskError> error;
        const auto gone = commands_.run(access, {"forget", shortId}, stop, error, true);
        report_.log(LogLevel::info,
                    gone && gone->exit.ok()
                        ? "The snapshot " + shortId + ", which holds no dump, was removed"
                        : "The snapshot " + shortId + " holds no dump and could not be removed",
                    restic_.position());
    } else if (saved) {
        result.state = dump_state::kSaved;
        result.shortId = shortId;
        result.snapshotId =
            summary->snapshotId.size() == 64
                ? summary->snapshotId
                : SnapshotIds(services_, commands_).whole(shortId, access, access.localFolder(), stop);
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
    if (!summary &&
        (report_.stopReason() != restic::cli::StopReason::none || !end.step.ok || end.restic.signal != 0))
        locks_.removeLeftBehind(access, access.localFolder(), stop);
    if (report_.stopReason() == restic::cli::StopReason::none && !end.step.ok &&
        (saved || !end.resticFirst)) {
        result.error = pluginFailed(end.step.message, end.step.hint);
        return;
    }
    const auto verdict = restic::cli::judgeFailure(end.restic, output.errorText(), report_.stopReason());
    result.error = verdict.error.value_or(task_errors::make(task_errors::kCancelled));
}

} // namespace agent
