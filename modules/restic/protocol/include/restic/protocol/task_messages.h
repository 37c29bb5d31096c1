#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"
#include "restic/protocol/result_items.h"

namespace restic::protocol {

/// The repository of a task. One of `password` (from the server's vault) and `password_file` (a path on the
/// agent) is given.
struct TaskRepository {
    core::Uuid id;
    /// Of repositoryKinds().
    std::string type;
    /// In restic's own syntax.
    std::string url;
    std::optional<std::string> password;
    std::optional<std::string> passwordFile;
    /// Of the kind add_key: what is to open the repository as well.
    std::optional<std::string> newPassword;
    /// Fields of its kind (repository_config.h): from which the agent makes what restic needs to reach it.
    core::json::Object config;
    /// Of the fields that are secret: out of the vault, for this task only.
    std::map<std::string, std::string> secrets;
    /// More for restic's environment. The agent takes only names of its allow-list.
    std::map<std::string, std::string> environment;
    std::optional<std::string> certFile;
};

struct Retention {
    std::optional<int> keepLast;
    std::optional<int> keepHourly;
    std::optional<int> keepDaily;
    std::optional<int> keepWeekly;
    std::optional<int> keepMonthly;
    std::optional<int> keepYearly;
    /// Snapshots with one of these tags are kept beside what the counts keep.
    std::vector<std::string> keepTags = {};
};
/// Of a retention.
inline constexpr std::size_t kMostKeepTags = 20;

/// Whether any count is above zero: a retention that keeps nothing would remove everything. Tags alone do not
/// count: who has none with them would lose everything.
[[nodiscard]] bool keepsSomething(const Retention& retention) noexcept;

/// server → agent: the payload of a task's envelope, as far as all kinds have it in common; the fields of
/// each kind stand beside these (task_kinds.h). Fields and kinds, never command lines.
struct TaskPayload {
    core::Uuid taskId;
    int attempt = 1;
    /// A name of task_kinds.h. The agent refuses an unknown one with the task error UnsupportedTask.
    std::string type;
    std::optional<core::Uuid> policyId;
    /// By this name an agent's own configuration adds sources to a policy.
    std::optional<std::string> policyName;
    /// Absent: the repository of the agent's own configuration.
    std::optional<TaskRepository> repository;
    /// Absent: the agent's own restic.command_timeout (six hours).
    std::optional<std::int64_t> timeoutSeconds;
};

/// server → agent: the payload of the action "cancel".
struct CancelPayload {
    core::Uuid taskId;
    /// Absent: whatever attempt the agent runs.
    std::optional<int> attempt;
    std::string reason;
};

/// How far a task is.
struct Progress {
    /// 0 to 100; may fall while restic is still scanning.
    double percentDone = 0;
    std::uint64_t totalFiles = 0;
    std::uint64_t filesDone = 0;
    std::uint64_t totalBytes = 0;
    std::uint64_t bytesDone = 0;
    std::vector<std::string> currentFiles;
    std::int64_t secondsElapsed = 0;
    std::optional<std::int64_t> secondsRemaining;
    std::uint64_t errorCount = 0;
};

struct UnreadItem {
    std::string path;
    std::string message;
};

/// Something about a finished task that a person should read, beside its outcome.
struct TaskNotice {
    /// Of restic/protocol/notices.h.
    std::string code;
    std::string message;
};

/// What the `result` of every finished task has, successful or not, whatever its kind; a field is absent when
/// nobody knows it.
struct TaskResult {
    /// success, warning, failed, cancelled, locked, no_repository, bad_password, source_missing
    std::string outcome;
    /// restic's; minus the signal if one ended it.
    std::optional<int> exitCode;
    std::optional<std::string> resticVersion;
    std::optional<double> durationSeconds;
    std::optional<core::Instant> startedAt;
    std::optional<core::Instant> endedAt;
    /// Why the outcome is a warning, and what else happened.
    std::vector<TaskNotice> notices;
    /// The last lines that restic wrote to its error output, for people.
    std::optional<std::string> stderrTail;
    /// "PID 17 on HOST by USER, since 2026-01-02 03:04:05 (31m2s ago)" when the repository was locked.
    std::optional<std::string> lockHolder;
};

/// Why a task failed: a declared name, what happened, what to do about it.
struct TaskError {
    std::string error;
    std::string message;
    std::string hint;
};

/// agent → server, `POST /tasks/{id}/status`. A repeated report changes nothing; one of an older attempt is
/// refused with StaleAttempt, one for a finished task with TaskAlreadyFinished.
struct TaskStatusReport {
    int attempt = 1;
    /// running, success, warning, failed, cancelled
    std::string status;
    std::optional<Progress> progress;
    /// Of the type that the task's kind declares.
    std::optional<core::json::Object> result;
    std::optional<TaskError> error;
    /// Of a kind with items that ended well: the report is taken when the server holds all of them, and
    /// refused with ResultIncomplete before.
    std::optional<ResultItems> items;
};

/// server → agent: where the task stands now; the answer to TaskStatusReport, and part of its 409s.
struct TaskStatusAck {
    std::string status;
    int attempt = 1;
    /// Somebody asked to cancel and the agent may not have heard of it.
    bool cancelRequested = false;
};

struct LogLine {
    core::Instant timestamp;
    /// debug, info, warn, error
    std::string level;
    std::string message;
};

/// agent → server, `POST /tasks/{id}/logs`. Lines are numbered from 1 within an attempt, without gaps; what
/// the server has already stored of a batch is skipped.
// The analyzer loses what the variant of a Result holds.
// NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign)
struct LogBatch {
    int attempt = 1;
    std::int64_t firstSeq = 1;
    std::vector<LogLine> lines;
};

/// server → agent: the number of the last stored line; the agent may forget it and all before.
struct LogAck {
    std::int64_t ackedSeq = 0;
};

const core::wire::Type& wireType(const TaskRepository*);
const core::wire::Type& wireType(const Retention*);
const core::wire::Type& wireType(const TaskPayload*);
const core::wire::Type& wireType(const CancelPayload*);
const core::wire::Type& wireType(const Progress*);
const core::wire::Type& wireType(const UnreadItem*);
const core::wire::Type& wireType(const TaskNotice*);
const core::wire::Type& wireType(const TaskResult*);
const core::wire::Type& wireType(const TaskError*);
const core::wire::Type& wireType(const TaskStatusReport*);
const core::wire::Type& wireType(const TaskStatusAck*);
const core::wire::Type& wireType(const LogLine*);
const core::wire::Type& wireType(const LogBatch*);
const core::wire::Type& wireType(const LogAck*);

} // namespace restic::protocol
