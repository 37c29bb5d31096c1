#include "dumps/folder_reader.h"

#include <csignal>

#include "core/text.h"
#include "dumps/staged_step.h"
#include "plugins/plugin_report.h"
#include "restic/cli/verdict.h"
#include "restic/literal_pattern.h"
#include "restic/protocol/task_errors.h"
#include "state/process_names.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;

constexpr auto kTick = 50ms;
constexpr auto kBetweenLooks = 1s;
constexpr std::size_t kErrorText = 65536;
} // namespace

std::optional<restic::protocol::TaskError> FolderReader::fetch(const DumpSource& source,
                                                               const std::filesystem::path& folder,
                                                               const RestoreWatch& watch, DumpReadEnd& end) {
    auto command = commands_.on(source.repository, {"restore", source.snapshotId, "--target", folder.string(),
                                                    "--include", literalPattern(source.file)});
    command.spec.standardOutput = core::ProcessOutput();
    command.spec.standardError = core::ProcessOutput::capture(kErrorText);
    auto started = steps_.runner().start(command.spec);
    if (!started)
        return task_errors::make(task_errors::kResticNotFound, started.error().what());
    auto restic = std::move(started).value();
    TimeWatch time(limits_);
    auto nextLook = std::chrono::steady_clock::now();
    std::optional<restic::protocol::TaskError> why;
    core::StopLadder ladder(10s, 5s);
    std::optional<core::ProcessExit> exit;
    while (!(exit = restic->wait(kTick))) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= nextLook) {
            nextLook = now + kBetweenLooks;
            if (const auto bytes = bytesBelow(folder); bytes != end.bytes) {
                end.bytes = bytes;
                time.moved(bytes);
                if (watch.progress)
                    watch.progress(bytes);
            }
            if (const auto lacks = why ? std::nullopt : staging_.lacksRoomFor(0))
                why = noRoom(*lacks);
        }
        if (!why && watch.cancelled())
            why = task_errors::make(task_errors::kCancelled);
        else if (const auto over = time.over(); !why && !over.empty())
            why = task_errors::make(task_errors::kCommandTimeout, "restic " + over);
        if (why)
            if (const int number = ladder.due(now); number != 0) {
                restic->signal(number);
                end.resticWasEnded = true;
            }
    }
    end.bytes = bytesBelow(folder);
    if (why || exit->ok())
        return why;
    const auto text = restic->capturedError() + command.saidBySsh();
    return task_errors::make(restic::cli::classifyFailure(*exit, text),
                             restic::cli::failureMessage(*exit, text));
}

DumpReadEnd FolderReader::run(const DumpSource& source, std::uint64_t expected, PluginStep step,
                              const RestoreWatch& watch) {
    DumpReadEnd end;
    const auto name = nameOfThisProcess();
    std::unique_ptr<Staging::Place> place;
    try {
        place = staging_.take(name, name); // nobody else has that name
    } catch (const core::Error& error) {
        end.error = pluginFailed(error.what(), std::string(error.kind().recovery));
        return end;
    }
    if (auto lacks = staging_.lacksRoomFor(expected))
        end.error = noRoom(*lacks);
    else
        end.error = fetch(source, place->folder(), watch, end);
    if (!end.error && end.bytes == 0)
        end.error = pluginFailed("The snapshot " + source.snapshotId.substr(0, 8) + " holds nothing at " +
                                 core::printable(source.file));
    if (!end.error) {
        step.stream.clear();
        step.folder = place->folder().string() + source.file;
        StepWatch beside;
        beside.obstacle = [&] {
            return watch.cancelled() ? std::string("The task was cancelled or the agent ends") : "";
        };
        auto said = steps_.run(step, limits_, {}, watch.log, beside);
        end.answer = std::move(said.answer);
        if (!said.ok)
            end.error = pluginFailed(said.message, said.hint);
    }
    place->remove();
    return end;
}

} // namespace agent
