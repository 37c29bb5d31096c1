#include "restic/protocol/task_messages.h"

#include "restic/protocol/names.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const TaskRepository*) {
    static const auto type =
        object<TaskRepository>("TaskRepository", tolerant,
                               "The repository of a task, with what it takes to open it")
            .field("id", &TaskRepository::id)
            .field("type", &TaskRepository::type, {.minLength = 1, .maxLength = 32})
            .field("url", &TaskRepository::url,
                   {.doc = "In restic's own syntax", .minLength = 1, .maxLength = 4096})
            .field("password", &TaskRepository::password,
                   {.doc = "From the vault, for this task only", .omitEmpty = true, .minLength = 1})
            .field("password_file", &TaskRepository::passwordFile,
                   {.doc = "A path on the agent", .omitEmpty = true, .minLength = 1, .maxLength = 4096})
            .field("new_password", &TaskRepository::newPassword,
                   {.doc = "Of add_key: what is to open it as well; from the vault, for this task only",
                    .omitEmpty = true,
                    .minLength = 1})
            .field("config", &TaskRepository::config,
                   {.doc = "Fields of its kind", .optional = true, .omitEmpty = true})
            .field("secrets", &TaskRepository::secrets,
                   {.doc = "Of the fields that are secret: from the vault, for this task only",
                    .optional = true,
                    .omitEmpty = true})
            .field("environment", &TaskRepository::environment,
                   {.doc = "More for restic's environment; the agent takes only names it knows",
                    .optional = true,
                    .omitEmpty = true})
            .field("cert_file", &TaskRepository::certFile,
                   {.doc = "A path on the agent: the backend's CA certificate",
                    .omitEmpty = true,
                    .maxLength = 4096})
            .build();
    return type;
}

bool keepsSomething(const Retention& retention) noexcept {
    for (const auto& count : {retention.keepLast, retention.keepHourly, retention.keepDaily,
                              retention.keepWeekly, retention.keepMonthly, retention.keepYearly})
        if (count.value_or(0) > 0)
            return true;
    return false;
}

const Type& wireType(const Retention*) {
    // Strict on both sides: a rule that is misspelt, or that only newer ones know, would remove what it
    // keeps.
    static const auto type =
        object<Retention>("TaskRetention", strict)
            .field("keep_last", &Retention::keepLast, {.omitEmpty = true, .min = 0})
            .field("keep_hourly", &Retention::keepHourly, {.omitEmpty = true, .min = 0})
            .field("keep_daily", &Retention::keepDaily, {.omitEmpty = true, .min = 0})
            .field("keep_weekly", &Retention::keepWeekly, {.omitEmpty = true, .min = 0})
            .field("keep_monthly", &Retention::keepMonthly, {.omitEmpty = true, .min = 0})
            .field("keep_yearly", &Retention::keepYearly, {.omitEmpty = true, .min = 0})
            .field("keep_tags", &Retention::keepTags,
                   {.doc = "Snapshots with one of these tags are kept as well; only for agents with the "
                           "feature keep_tags",
                    .optional = true,
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 255,
                    .maxItems = kMostKeepTags,
                    .check = checkTag})
            .build();
    return type;
}

const Type& wireType(const TaskPayload*) {
    static const auto type =
        object<TaskPayload>("TaskPayload", tolerant, "A task as its agent gets it")
            .field("task_id", &TaskPayload::taskId)
            .field("attempt", &TaskPayload::attempt, {.doc = "Fences every report about the task", .min = 1})
            .field("type", &TaskPayload::type, {.minLength = 1, .maxLength = 64, .example = "backup"})
            .field("policy_id", &TaskPayload::policyId, {.omitEmpty = true})
            .field("policy_name", &TaskPayload::policyName, {.omitEmpty = true, .maxLength = 256})
            .field("repository", &TaskPayload::repository, {.omitEmpty = true})
            .field("timeout_seconds", &TaskPayload::timeoutSeconds, {.omitEmpty = true, .min = 1})
            .build();
    return type;
}

const Type& wireType(const CancelPayload*) {
    static const auto type =
        object<CancelPayload>("TaskCancel", tolerant, "Ends a task that the agent holds")
            .field("task_id", &CancelPayload::taskId)
            .field("attempt", &CancelPayload::attempt, {.omitEmpty = true, .min = 1})
            .field("reason", &CancelPayload::reason, {.optional = true, .omitEmpty = true, .maxLength = 1024})
            .build();
    return type;
}

const Type& wireType(const Progress*) {
    static const auto type =
        object<Progress>("TaskProgress", tolerant, "How far a task is")
            .field("percent_done", &Progress::percentDone,
                   {.doc = "0 to 100; may fall while restic is scanning", .min = 0, .max = 100})
            .field("total_files", &Progress::totalFiles, {.optional = true})
            .field("files_done", &Progress::filesDone, {.optional = true})
            .field("total_bytes", &Progress::totalBytes, {.optional = true})
            .field("bytes_done", &Progress::bytesDone, {.optional = true})
            .field("current_files", &Progress::currentFiles,
                   {.optional = true, .maxLength = 4096, .maxItems = 64})
            .field("seconds_elapsed", &Progress::secondsElapsed, {.optional = true, .min = 0})
            .field("seconds_remaining", &Progress::secondsRemaining, {.omitEmpty = true, .min = 0})
            .field("error_count", &Progress::errorCount, {.optional = true})
            .build();
    return type;
}

const Type& wireType(const UnreadItem*) {
    static const auto type = object<UnreadItem>("UnreadItem", tolerant, "A file that restic could not read")
                                 .field("path", &UnreadItem::path)
                                 .field("message", &UnreadItem::message, {.optional = true})
                                 .build();
    return type;
}

const Type& wireType(const TaskNotice*) {
    static const auto type =
        object<TaskNotice>("TaskNotice", tolerant, "What a person should read about a finished task")
            .field("code", &TaskNotice::code, {.minLength = 1, .maxLength = 64, .example = "SourceEmpty"})
            .field("message", &TaskNotice::message, {.optional = true})
            .build();
    return type;
}

const Type& wireType(const TaskResult*) {
    static const auto type =
        object<TaskResult>("TaskResult", tolerant, "How a task ended; absent fields are unknown")
            .field("outcome", &TaskResult::outcome,
                   {.doc = "success, warning, failed, cancelled, locked, no_repository, bad_password or "
                           "source_missing",
                    .minLength = 1,
                    .maxLength = 32})
            .field("exit_code", &TaskResult::exitCode,
                   {.doc = "restic's; minus the signal if one ended it", .omitEmpty = true})
            .field("restic_version", &TaskResult::resticVersion, {.omitEmpty = true, .maxLength = 64})
            .field("duration_seconds", &TaskResult::durationSeconds,
                   {.omitEmpty = true, .min = 0, .max = 1000000000})
            .field("started_at", &TaskResult::startedAt, {.omitEmpty = true})
            .field("ended_at", &TaskResult::endedAt, {.omitEmpty = true})
            .field("notices", &TaskResult::notices,
                   {.doc = "Why the outcome is a warning, and what else happened",
                    .optional = true,
                    .omitEmpty = true})
            .field("stderr_tail", &TaskResult::stderrTail, {.omitEmpty = true})
            .field("lock_holder", &TaskResult::lockHolder, {.omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const TaskError*) {
    static const auto type = object<TaskError>("TaskError", tolerant, "Why a task failed")
                                 .field("error", &TaskError::error,
                                        {.minLength = 1, .maxLength = 64, .example = "RepositoryLocked"})
                                 .field("message", &TaskError::message)
                                 .field("hint", &TaskError::hint, {.optional = true})
                                 .build();
    return type;
}

const Type& wireType(const TaskStatusReport*) {
    static const auto type =
        object<TaskStatusReport>("TaskStatusReport", tolerant, "An agent says where its task stands")
            .field("attempt", &TaskStatusReport::attempt, {.min = 1})
            .field("status", &TaskStatusReport::status,
                   {.oneOf = {"running", "success", "warning", "failed", "cancelled"}})
            .field("progress", &TaskStatusReport::progress, {.omitEmpty = true})
            .field("result", &TaskStatusReport::result,
                   {.doc = "Of the type that the task's kind declares", .omitEmpty = true})
            .field("error", &TaskStatusReport::error, {.omitEmpty = true})
            .field("items", &TaskStatusReport::items,
                   {.doc = "Of a result with items: what was sent of them, counted", .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const TaskStatusAck*) {
    static const auto type =
        object<TaskStatusAck>("TaskStatusAck", tolerant, "Where the task stands now")
            .field("status", &TaskStatusAck::status)
            .field("attempt", &TaskStatusAck::attempt, {.optional = true})
            .field("cancel_requested", &TaskStatusAck::cancelRequested, {.optional = true})
            .build();
    return type;
}

const Type& wireType(const LogLine*) {
    static const auto type = object<LogLine>("TaskLogLine", tolerant)
                                 .field("timestamp", &LogLine::timestamp)
                                 .field("level", &LogLine::level,
                                        {.doc = "debug, info, warn or error; warning is read as warn",
                                         .oneOf = {"debug", "info", "warn", "warning", "error"}})
                                 .field("message", &LogLine::message)
                                 .build();
    return type;
}

const Type& wireType(const LogBatch*) {
    static const auto type = object<LogBatch>("TaskLogBatch", tolerant, "Numbered lines of one attempt")
                                 .field("attempt", &LogBatch::attempt, {.min = 1})
                                 .field("first_seq", &LogBatch::firstSeq, {.min = 1})
                                 .field("lines", &LogBatch::lines, {.minItems = 1, .maxItems = 1000})
                                 .build();
    return type;
}

const Type& wireType(const LogAck*) {
    static const auto type =
        object<LogAck>("TaskLogAck", tolerant)
            .field("acked_seq", &LogAck::ackedSeq, {.doc = "The last line that is stored", .min = 0})
            .build();
    return type;
}

} // namespace restic::protocol
