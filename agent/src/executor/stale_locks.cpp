#include "executor/stale_locks.h"

#include "files/path_look.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"
#include "waiting/pause.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;

constexpr auto kLookAtFolder = 10000ms;
constexpr auto kUntilReaped = 1000ms;
constexpr int kMoreTries = 3;
} // namespace

bool StaleLocks::removeAfter(const restic::cli::RepositoryAccess& repository, const core::ProcessExit& exit,
                             std::string_view errorText, const std::stop_token& stop) {
    if (tried_ || report_.stopReason() != restic::cli::StopReason::none ||
        &restic::cli::classifyFailure(exit, errorText) != &task_errors::kRepositoryLocked)
        return false;
    tried_ = true;
    holder_ = restic::cli::lockHolder(errorText).value_or("somebody") + restic::cli::lockAge(errorText);
    report_.log(LogLevel::info,
                "The repository is locked by " + holder_ +
                    ". Running restic unlock, which removes a lock only if its process has died or it is "
                    "older than half an hour, and trying once more");
    std::optional<protocol::TaskError> error;
    const auto result = commands_.run(repository, {"unlock"}, stop, error);
    return result && result->exit.ok();
}

void StaleLocks::noteRemoved() {
    if (!holder_.empty())
        report_.note(protocol::notices::kStaleLockRemoved,
                     "A lock that nobody held any more was removed: " + holder_);
}

void StaleLocks::removeLeftBehind(const std::optional<restic::cli::RepositoryAccess>& repository,
                                  const std::optional<std::filesystem::path>& folder,
                                  const std::stop_token& stop) {
    if (folder) {
        const auto locks =
            patiently([locks = *folder / "locks"] { return lookAt(locks.string()); }, kLookAtFolder);
        if (locks && locks->emptyFolder())
            return;
    }
    if (!repository) {
        report_.log(LogLevel::warn, "restic may have left a lock; an unlock task removes it");
        return;
    }
    // Plain unlock: it takes only locks whose process has died, or that are older than half an hour.
    std::optional<protocol::TaskError> error;
    auto result = commands_.run(*repository, {"unlock"}, stop, error, true);
    // One that was killed a moment ago lives for restic until its parent has heard of it.
    for (int again = 0; again < kMoreTries && folder && result && result->exit.ok(); ++again) {
        const auto left =
            patiently([locks = *folder / "locks"] { return lookAt(locks.string()); }, kLookAtFolder);
        if (!left || left->emptyFolder())
            break;
        pause(stop, kUntilReaped);
        result = commands_.run(*repository, {"unlock"}, stop, error, true);
    }
    if (result && result->exit.ok())
        report_.log(LogLevel::info, "Looked for a lock that restic might have left, with restic unlock");
    else
        report_.log(LogLevel::warn,
                    "restic may have left a lock, and restic unlock failed" +
                        (result ? ": " + restic::cli::headline(result->error) : std::string()));
}

} // namespace agent
