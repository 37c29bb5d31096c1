#include "dumps/staged_step.h"

#include <chrono>
#include <system_error>

#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;

constexpr auto kBetweenLooks = 1s;
} // namespace

restic::protocol::TaskError noRoom(const std::string& message) {
    auto error = task_errors::make(task_errors::kOutOfDiskSpace, message);
    error.hint = "Free space there, or let dumps.staging_dir in the agent's configuration name a larger disk";
    return error;
}

StagedStep::End StagedStep::run(PluginStep step, bool files, const std::filesystem::path& target,
                                std::uint64_t expected, const std::stop_token& stop,
                                const StepMessages::Log& log) {
    End end;
    std::error_code code;
    std::filesystem::create_directories(files ? target : target.parent_path(), code);
    if (auto lacks = code ? target.string() + ": " + code.message() : staging_.lacksRoomFor(expected)) {
        end.error = noRoom(*lacks);
        return end;
    }
    step.stream = files ? "" : "out";
    step.folder = files ? target.string() : "";
    auto nextLook = std::chrono::steady_clock::now() + kBetweenLooks;
    StepWatch watch;
    if (!files)
        watch.output = core::ProcessOutput::toFile(target);
    watch.moved = [&] { return end.bytes; };
    watch.obstacle = [&]() -> std::string {
        if (report_.stopReason() != StopReason::none)
            return "The task was ended";
        // Not at every turn: a folder may have thousands of files.
        if (const auto now = std::chrono::steady_clock::now(); now >= nextLook) {
            nextLook = now + kBetweenLooks;
            end.bytes = bytesBelow(target);
            restic::protocol::Progress progress;
            progress.bytesDone = end.bytes;
            progress.totalBytes = std::max(end.bytes, expected);
            report_.outbox().setProgress(std::move(progress));
            if (auto lacks = staging_.lacksRoomFor(0)) {
                end.error = noRoom(*lacks);
                return *lacks;
            }
        }
        return {};
    };
    end.step = steps_.run(step, limits_, stop, log, watch);
    if (end.step.ok) {
        end.error.reset(); // it was ready before it could be ended
        end.bytes = bytesBelow(target);
        return end;
    }
    // The program may have met the full disk before the next look at it, and says so in its own words.
    if (!end.error)
        if (const auto lacks = staging_.lacksRoomFor(0))
            end.error = noRoom(*lacks + ". " + end.step.message);
    std::filesystem::remove_all(target, code);
    return end;
}

} // namespace agent
