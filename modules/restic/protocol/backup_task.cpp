#include "restic/protocol/backup_task.h"

#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const BackupTask*) {
    static const auto type =
        object<BackupTask>("BackupTask", tolerant, "A backup as its agent gets it")
            .include<TaskPayload>()
            .field("sources", &BackupTask::sources,
                   {.optional = true, .omitEmpty = true, .minLength = 1, .maxLength = 4096})
            .field("exclude", &BackupTask::exclude,
                   {.optional = true, .omitEmpty = true, .minLength = 1, .maxLength = 4096})
            .field("tags", &BackupTask::tags,
                   {.optional = true, .omitEmpty = true, .minLength = 1, .maxLength = 256})
            .field("retention", &BackupTask::retention, {.omitEmpty = true})
            .field("init_if_missing", &BackupTask::initIfMissing,
                   {.doc = "The repository never had a success: the agent may create it", .optional = true})
            .field("limit_upload_kib", &BackupTask::limitUploadKib,
                   {.doc = "KiB per second", .omitEmpty = true, .min = 1})
            .field("limit_download_kib", &BackupTask::limitDownloadKib,
                   {.doc = "KiB per second", .omitEmpty = true, .min = 1})
            .field("one_file_system", &BackupTask::oneFileSystem,
                   {.doc = "Leaves out what other disks are mounted below the sources", .optional = true})
            .field("pre_hook", &BackupTask::preHook,
                   {.doc = "A program in the agent's folder of hooks; nothing is saved where it fails",
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 64})
            .field("post_hook", &BackupTask::postHook,
                   {.doc = "A program in the agent's folder of hooks, however the backup ended",
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 64})
            .field("plugins", &BackupTask::plugins,
                   {.doc = "What is dumped before the files are saved",
                    .optional = true,
                    .omitEmpty = true,
                    .maxItems = 20})
            .build();
    return type;
}

const Type& wireType(const BackupResult*) {
    static const auto type =
        object<BackupResult>("BackupResult", tolerant, "How a backup ended; absent fields are unknown")
            .include<TaskResult>()
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
            .field("unread_items", &BackupResult::unreadItems, {.doc = "The first hundred", .optional = true})
            .field("unread_count", &BackupResult::unreadCount,
                   {.doc = "Files that could not be read, and missing sources", .optional = true})
            .field("missing_sources", &BackupResult::missingSources,
                   {.doc = "Sources that do not exist", .optional = true, .omitEmpty = true})
            .field("vanished_count", &BackupResult::vanishedCount,
                   {.doc = "Files that were removed while the backup ran", .optional = true})
            .field("counts_are_minimum", &BackupResult::countsAreMinimum,
                   {.doc = "There were too many to count: at least so many", .optional = true})
            .field("paths", &BackupResult::paths, {.optional = true, .omitEmpty = true})
            .field("hostname", &BackupResult::hostname, {.omitEmpty = true})
            .field("username", &BackupResult::username, {.omitEmpty = true})
            .field("tags", &BackupResult::tags, {.optional = true, .omitEmpty = true})
            .field("parent", &BackupResult::parent, {.omitEmpty = true, .check = checkShortId})
            .field("tree", &BackupResult::tree, {.omitEmpty = true, .maxLength = 64})
            .field("time", &BackupResult::time, {.doc = "The snapshot's own time", .omitEmpty = true})
            .field("repository_created", &BackupResult::repositoryCreated, {.optional = true})
            .field("dumps", &BackupResult::dumps,
                   {.doc = "What came of the databases", .optional = true, .omitEmpty = true})
            .build();
    return type;
}

} // namespace restic::protocol
