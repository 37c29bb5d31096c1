#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/process.h"
#include "restic/protocol/task_messages.h"
#include "restic/protocol/task_state.h"

namespace restic::cli {

/// With these words restic says that something failed and that it tries again; the cause follows them.
inline constexpr std::string_view kTriesAgain = " returned error, retrying after ";

/// Why we ended restic, if we did.
enum class StopReason { none, cancelled, timedOut };

/// What a finished restic means for its task.
struct Verdict {
    protocol::TaskState state = protocol::TaskState::failed;
    /// BackupResult::outcome
    std::string outcome;
    std::optional<protocol::TaskError> error;
};

/// Judges a restic that did not do what it should: by why it was ended, its exit code, and by text only where
/// there is no code.
[[nodiscard]] Verdict judgeFailure(const core::ProcessExit& exit, std::string_view errorText,
                                   StopReason stopped);

/// The cause of a failed restic command, from its exit code and its plain error text.
[[nodiscard]] const core::ErrorKind& classifyFailure(const core::ProcessExit& exit,
                                                     std::string_view errorText);

/// True only if restic says that there is no repository, not merely that it could not look.
[[nodiscard]] bool saysRepositoryIsAbsent(const core::ProcessExit& exit, std::string_view errorText);

/// The line of the error text that says what happened, without "Fatal: " or that restic tries again.
[[nodiscard]] std::string headline(std::string_view errorText);

/// "PID 17 on db-02 by backup", if the text names the holder of a lock.
[[nodiscard]] std::optional<std::string> lockHolder(std::string_view errorText);

/// ", since 2026-01-02 03:04:05 (31m2s ago)", if the text says how old the lock is; else "".
[[nodiscard]] std::string lockAge(std::string_view errorText);

/// A sentence for a restic command that failed.
[[nodiscard]] std::string failureMessage(const core::ProcessExit& exit, std::string_view errorText);

} // namespace restic::cli
