#include "kinds/scratch_restore.h"

#include "core/line_splitter.h"
#include "restic/cli/json_message.h"
#include "restic/cli/output_lines.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

constexpr auto kTick = 50ms;
constexpr auto kBetweenLooks = 1s;

/// Of what the test is about: the data did not come back. All else kept the test from being made.
bool isOfContent(const protocol::TaskError& error) {
    for (const auto* kind :
         {&task_errors::kCommandFailed, &task_errors::kRestoreIncomplete, &task_errors::kRepositoryCorrupted,
          &task_errors::kNothingToRestore, &task_errors::kPermissionDenied})
        if (error.error == kind->name)
            return true;
    return false;
}
} // namespace

ScratchRestore::End ScratchRestore::run(const restic::cli::RepositoryAccess& repository,
                                        const restic::cli::ResticVersion& version,
                                        const protocol::RestoreTask& task,
                                        const std::filesystem::path& folder, const std::stop_token& stop) {
    for (;;) {
        // What restic says of owners and attributes is nothing that a test is about.
        Restore work(task, {services_.hostname, {}, report_.outbox().items()},
                     [](const protocol::notices::Kind&, const std::string&) {});
        work.setPlace(folder.string());
        if (makesHoles(version))
            work.setSparse();
        bool again = false;
        auto end = once(repository, work, stop, again);
        if (!again) {
            locks_.noteRemoved();
            return end;
        }
    }
}

std::optional<protocol::TaskError> ScratchRestore::whyEnd(const std::stop_token& stop) {
    if (report_.stopReason() == restic::cli::StopReason::timedOut ||
        std::chrono::steady_clock::now() >= until_)
        return task_errors::make(task_errors::kCommandTimeout, "The restore test took longer than it may");
    if (stop.stop_requested())
        return task_errors::make(task_errors::kInterrupted, "The agent ended during the restore test");
    if (report_.stopReason() != restic::cli::StopReason::none)
        return task_errors::make(task_errors::kCancelled);
    if (const auto now = std::chrono::steady_clock::now(); now >= nextLook_) {
        nextLook_ = now + kBetweenLooks;
        if (const auto lacks = services_.scratch.lacksRoomFor(0))
            return protocol::TaskError{std::string(task_errors::kOutOfDiskSpace.name), lacks->message,
                                       lacks->hint};
    }
    return std::nullopt;
}

ScratchRestore::End ScratchRestore::once(const restic::cli::RepositoryAccess& repository, Restore& work,
                                         const std::stop_token& stop, bool& again) {
    End end;
    restic::cli::OutputLines lines(work);
    core::LineSplitter output(restic::cli::json::kMaxLine);
    core::LineSplitter errors(restic::cli::json::kMaxLine);
    const auto outputLine = [&](std::string_view line) { lines.output(line); };
    const auto errorLine = [&](std::string_view line) {
        if (const auto said = lines.error(line); said && !said->percent)
            report_.log(said->level, said->text);
    };
    auto command = services_.commands.on(repository, work.arguments(0));
    command.spec.standardOutput =
        core::ProcessOutput::toSink([&](std::string_view piece) { output.feed(piece, outputLine); });
    command.spec.standardError =
        core::ProcessOutput::toSink([&](std::string_view piece) { errors.feed(piece, errorLine); });
    auto started = services_.runner.start(command.spec);
    if (!started) {
        end.error = task_errors::make(task_errors::kResticNotFound, started.error().what());
        return end;
    }
    auto restic = std::move(started).value();
    core::StopLadder ladder(services_.config.restic.interruptGrace, command.spec.terminateGrace);
    std::optional<core::ProcessExit> exit;
    while (!(exit = restic->wait(kTick))) {
        if (!end.error)
            end.error = whyEnd(stop);
        if (end.error)
            if (const int number = ladder.due(std::chrono::steady_clock::now()); number != 0)
                restic->signal(number);
    }
    output.finish(outputLine);
    errors.finish(errorLine);
    if (end.error) {
        locks_.removeLeftBehind(repository, repository.localFolder(), stop);
        return end;
    }
    const auto said = lines.errors() + command.saidBySsh();
    if (locks_.removeAfter(repository, *exit, said, stop)) {
        again = true;
        return end;
    }
    auto verdict = work.judge(0, *exit, said);
    if (!verdict && !exit->ok())
        verdict = restic::cli::judgeFailure(*exit, said, report_.stopReason());
    if (verdict && verdict->state != protocol::TaskState::failed)
        verdict.reset(); // all content is there
    protocol::TaskResult common;
    common.outcome = verdict ? verdict->outcome : "success";
    const auto told = core::wire::read<protocol::RestoreResult>(core::json::Value(work.result(common)));
    if (verdict && told) {
        end.problemCount = told.value().problemCount;
        end.problems = told.value().problems;
    }
    if (verdict && verdict->error) {
        end.error = std::move(verdict->error);
        if (isOfContent(*end.error))
            end.error = task_errors::make(task_errors::kRestoreTestFailed, end.error->message);
    }
    return end;
}

} // namespace agent
