#include "restic/protocol/task_messages.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::tolerant;
using core::wire::Type;

namespace {
bool isHex(const std::string& text) {
    return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}
std::optional<std::string> checkSnapshotId(const std::string& id) {
    return id.size() == 64 && isHex(id) ? std::nullopt
                                        : std::optional<std::string>("must be 64 hexadecimal digits");
}
std::optional<std::string> checkShortId(const std::string& id) {
    return id.size() >= 8 && id.size() <= 64 && isHex(id)
               ? std::nullopt
               : std::optional<std::string>("must be 8 to 64 hexadecimal digits");
}
} // namespace

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
            .field("environment", &TaskRepository::environment,
                   {.doc = "Credentials of the backend; the agent takes only names it knows",
                    .optional = true,
                    .omitEmpty = true})
            .field("cert_file", &TaskRepository::certFile,
                   {.doc = "A path on the agent: the backend's CA certificate",
                    .omitEmpty = true,
                    .maxLength = 4096})
            .build();
    return type;
}

const Type& wireType(const Retention*) {
    static const auto type =
        object<Retention>("TaskRetention", tolerant)
            .field("keep_last", &Retention::keepLast, {.omitEmpty = true, .min = 0})
            .field("keep_hourly", &Retention::keepHourly, {.omitEmpty = true, .min = 0})
            .field("keep_daily", &Retention::keepDaily, {.omitEmpty = true, .min = 0})
            .field("keep_weekly", &Retention::keepWeekly, {.omitEmpty = true, .min = 0})
            .field("keep_monthly", &Retention::keepMonthly, {.omitEmpty = true, .min = 0})
            .field("keep_yearly", &Retention::keepYearly, {.omitEmpty = true, .min = 0})
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
            .field("sources", &TaskPayload::sources,
                   {.optional = true, .omitEmpty = true, .minLength = 1, .maxLength = 4096})
            .field("exclude", &TaskPayload::exclude,
                   {.optional = true, .omitEmpty = true, .minLength = 1, .maxLength = 4096})
            .field("tags", &TaskPayload::tags,
                   {.optional = true, .omitEmpty = true, .minLength = 1, .maxLength = 256})
            .field("timeout_seconds", &TaskPayload::timeoutSeconds, {.omitEmpty = true, .min = 1})
            .field("retention", &TaskPayload::retention, {.omitEmpty = true})
            .field("init_if_missing", &TaskPayload::initIfMissing,
                   {.doc = "The repository never had a success: the agent may create it", .optional = true})
            .field("limit_upload_kib", &TaskPayload::limitUploadKib,
                   {.doc = "KiB per second", .omitEmpty = true, .min = 1})
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

const Type& wireType(const BackupResult*) {
    static const auto type =
        object<BackupResult>("BackupResult", tolerant, "How a backup ended; absent fields are unknown")
            .field("outcome", &BackupResult::outcome,
                   {.doc = "success, warning, failed, cancelled, locked, no_repository, bad_password or "
                           "source_missing",
                    .minLength = 1,
                    .maxLength = 32})
            .field("exit_code", &BackupResult::exitCode,
                   {.doc = "restic's; minus the signal if one ended it", .omitEmpty = true})
            .field("restic_version", &BackupResult::resticVersion, {.omitEmpty = true, .maxLength = 64})
            .field("snapshot_id", &BackupResult::snapshotId,
                   {.doc = "64 hexadecimal digits", .omitEmpty = true, .check = checkSnapshotId})
            .field("short_id", &BackupResult::shortId,
                   {.doc = "8 or more hexadecimal digits", .omitEmpty = true, .check = checkShortId})
            .field("files_new", &BackupResult::filesNew, {.omitEmpty = true})
            .field("files_changed", &BackupResult::filesChanged, {.omitEmpty = true})
            .field("files_unmodified", &BackupResult::filesUnmodified, {.omitEmpty = true})
            .field("dirs_new", &BackupResult::dirsNew, {.omitEmpty = true})
            .field("dirs_changed", &BackupResult::dirsChanged, {.omitEmpty = true})
            .field("dirs_unmodified", &BackupResult::dirsUnmodified, {.omitEmpty = true})
            .field("data_added", &BackupResult::dataAdded, {.doc = "Bytes", .omitEmpty = true})
            .field("data_added_packed", &BackupResult::dataAddedPacked,
                   {.doc = "Bytes after compression", .omitEmpty = true})
            .field("total_files_processed", &BackupResult::totalFilesProcessed, {.omitEmpty = true})
            .field("total_bytes_processed", &BackupResult::totalBytesProcessed, {.omitEmpty = true})
            .field("duration_seconds", &BackupResult::durationSeconds,
                   {.omitEmpty = true, .min = 0, .max = 1000000000})
            .field("started_at", &BackupResult::startedAt, {.omitEmpty = true})
            .field("ended_at", &BackupResult::endedAt, {.omitEmpty = true})
            .field("unread_items", &BackupResult::unreadItems, {.doc = "The first hundred", .optional = true})
            .field("unread_count", &BackupResult::unreadCount,
                   {.doc = "Files that could not be read, and missing sources", .optional = true})
            .field("missing_sources", &BackupResult::missingSources,
                   {.doc = "Sources that do not exist", .optional = true, .omitEmpty = true})
            .field("vanished_count", &BackupResult::vanishedCount,
                   {.doc = "Files that were removed while the backup ran", .optional = true})
            .field("counts_are_minimum", &BackupResult::countsAreMinimum,
                   {.doc = "There were too many to count: at least so many", .optional = true})
            .field("notices", &BackupResult::notices,
                   {.doc = "Why the outcome is a warning, and what else happened",
                    .optional = true,
                    .omitEmpty = true})
            .field("paths", &BackupResult::paths, {.optional = true, .omitEmpty = true})
            .field("hostname", &BackupResult::hostname, {.omitEmpty = true})
            .field("username", &BackupResult::username, {.omitEmpty = true})
            .field("tags", &BackupResult::tags, {.optional = true, .omitEmpty = true})
            .field("parent", &BackupResult::parent, {.omitEmpty = true, .check = checkShortId})
            .field("tree", &BackupResult::tree, {.omitEmpty = true, .maxLength = 64})
            .field("time", &BackupResult::time, {.doc = "The snapshot's own time", .omitEmpty = true})
            .field("repository_created", &BackupResult::repositoryCreated, {.optional = true})
            .field("stderr_tail", &BackupResult::stderrTail, {.omitEmpty = true})
            .field("lock_holder", &BackupResult::lockHolder, {.omitEmpty = true})
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
                   {.doc = "Of the task's kind: BackupResult", .omitEmpty = true})
            .field("error", &TaskStatusReport::error, {.omitEmpty = true})
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
