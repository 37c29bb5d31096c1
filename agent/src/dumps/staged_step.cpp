#include "dumps/staged_step.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "plugins/plugin_report.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;

/// A disk takes a gigabyte in a second; a look at thousands of files takes its time.
constexpr auto kBetweenLooks = 50ms;
constexpr int kShareOfLooks = 10;
} // namespace

restic::protocol::TaskError noRoom(const Staging::Shortage& shortage) {
    auto error = task_errors::make(task_errors::kOutOfDiskSpace, shortage.message);
    error.hint = shortage.hint;
    return error;
}

StagedStep::End StagedStep::run(PluginStep step, bool files, const std::filesystem::path& target,
                                std::uint64_t expected, const std::stop_token& stop,
                                const StepMessages::Log& log) {
    End end;
    std::error_code code;
    if (std::filesystem::exists(std::filesystem::symlink_status(target, code))) {
        end.error = pluginFailed("Another dump of this backup lies at " + target.string() + " already",
                                 "Let the plugin give each of its items a name of its own");
        return end;
    }
    std::filesystem::create_directories(files ? target : target.parent_path(), code);
    if (code) {
        end.error =
            pluginFailed(target.string() + ": " + code.message(), std::string(errors::kStaging.recovery));
        return end;
    }
    if (const auto lacks = staging_.lacksRoomFor(expected)) {
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
        if (report_.stopReason() != restic::cli::StopReason::none)
            return "The task was ended";
        if (const auto now = std::chrono::steady_clock::now(); now >= nextLook) {
            end.bytes = bytesBelow(target);
            restic::protocol::Progress progress;
            progress.bytesDone = end.bytes;
            progress.totalBytes = std::max(end.bytes, expected);
            report_.outbox().setProgress(std::move(progress));
            const auto lacks = staging_.lacksRoomFor(0);
            nextLook = now + std::max<std::chrono::steady_clock::duration>(
                                 kBetweenLooks, kShareOfLooks * (std::chrono::steady_clock::now() - now));
            if (lacks) {
                end.error = noRoom(*lacks);
                return lacks->message;
            }
        }
        return {};
    };
    end.step = steps_.run(step, limits_, stop, log, watch);
    if (end.step.ok) {
        end.error.reset(); // it was ready before it could be ended
        end.bytes = bytesBelow(target);
        if (const auto over = staging_.exceedsMaximum()) {
            end.error = noRoom(*over);
            std::filesystem::remove_all(target, code);
        }
        return end;
    }
    // The program may have met the full disk before the next look at it, and says so in its own words.
    if (!end.error)
        if (const auto lacks = staging_.lacksRoomFor(0))
            end.error = noRoom({lacks->message + ". " + end.step.message, lacks->hint});
    std::filesystem::remove_all(target, code);
    return end;
}

} // namespace agent
