#include "restic/protocol/look_tasks.h"

#include "restic/protocol/restore_task.h"
#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
constexpr std::size_t kPath = 4096;
/// Of a name or path as restic writes it: a byte that is no UTF-8 has become several.
constexpr std::size_t kWritten = 32768;
constexpr auto kBase64 =
    "In base64url without padding, where it has characters that are shown escaped: to ask with";

std::optional<std::string> checkPattern(const std::string& text) {
    if (text.find('\0') != std::string::npos)
        return "must not contain a zero byte";
    return std::nullopt;
}
} // namespace

const Type& wireType(const LsTask*) {
    static const auto type =
        object<LsTask>("LsTask", tolerant, "A folder of a snapshot, as its agent gets it")
            .include<TaskPayload>()
            .field("snapshot_id", &LsTask::snapshotId, {.check = checkSnapshotId})
            .field("path", &LsTask::path, {.maxLength = kPath, .check = checkRestorePath})
            .build();
    return type;
}

const Type& wireType(const LsEntry*) {
    static const auto type =
        object<LsEntry>("LsEntry", tolerant, "An entry of a folder in a snapshot")
            .field(
                "name", &LsEntry::name,
                {.doc = "Bytes that are no UTF-8 are U+FFFD, as restic writes them", .maxLength = kWritten})
            .field("name_base64", &LsEntry::nameBase64,
                   {.doc = kBase64, .omitEmpty = true, .maxLength = kWritten})
            .field("type", &LsEntry::type,
                   {.doc = "restic's word: file, dir, symlink, fifo, socket, chardev, dev, irregular",
                    .maxLength = 32})
            .field("size", &LsEntry::size, {.doc = "Of files only", .omitEmpty = true})
            .field("mode", &LsEntry::mode,
                   {.doc = "restic's text", .omitEmpty = true, .maxLength = 64, .example = "drwxr-xr-x"})
            .field("uid", &LsEntry::uid, {.omitEmpty = true})
            .field("gid", &LsEntry::gid, {.omitEmpty = true})
            .field("user", &LsEntry::user,
                   {.doc = "Where restic says it", .omitEmpty = true, .maxLength = 256})
            .field("group", &LsEntry::group,
                   {.doc = "Where restic says it", .omitEmpty = true, .maxLength = 256})
            .field("mtime", &LsEntry::mtime, {.omitEmpty = true})
            .field("link_target", &LsEntry::linkTarget,
                   {.doc = "Where restic says it", .omitEmpty = true, .maxLength = kWritten})
            .build();
    return type;
}

const Type& wireType(const LsResult*) {
    static const auto type =
        object<LsResult>("LsResult", tolerant, "What a folder has; its entries are the items")
            .include<TaskResult>()
            .field("entries", &LsResult::entries, {.omitEmpty = true})
            .build();
    return type;
}

std::vector<core::Problem> problemsOf(const FindParameters& parameters) {
    std::vector<core::Problem> problems;
    if (parameters.oldest && parameters.newest && *parameters.newest < *parameters.oldest)
        problems.push_back({"/newest", "must not be before oldest"});
    return problems;
}

const Type& wireType(const FindParameters*) {
    using P = FindParameters;
    static const auto type =
        object<P>("FindParameters", strict)
            .field("pattern", &P::pattern,
                   {.doc = "A name, or a path or the end of one; every character stands for itself, but "
                           "with glob",
                    .minLength = 1,
                    .maxLength = kPath,
                    .example = "report.pdf",
                    .check = checkPattern})
            .field("glob", &P::glob, {.doc = "*, ? and [ are patterns", .optional = true})
            .field("ignore_case", &P::ignoreCase, {.optional = true})
            .field("host", &P::host,
                   {.doc = "Only snapshots of this machine",
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 256})
            .field("paths", &P::paths,
                   {.doc = "Only snapshots that saved all of these",
                    .optional = true,
                    .omitEmpty = true,
                    .maxLength = kPath,
                    .maxItems = kMostFindPaths,
                    .check = checkRestorePath})
            .field("oldest", &P::oldest, {.doc = "Changed then or later", .omitEmpty = true})
            .field("newest", &P::newest, {.doc = "Changed then or before", .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const FindTask*) {
    static const auto type = object<FindTask>("FindTask", tolerant, "A search as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<FindParameters>()
                                 .field("snapshot_ids", &FindTask::snapshotIds,
                                        {.doc = "Only these",
                                         .optional = true,
                                         .omitEmpty = true,
                                         .maxItems = kMostFindSnapshots,
                                         .check = checkSnapshotId})
                                 .field("tags", &FindTask::tags,
                                        {.doc = "Only snapshots with all of these",
                                         .optional = true,
                                         .omitEmpty = true,
                                         .maxLength = 256,
                                         .maxItems = 16})
                                 .build();
    return type;
}

const Type& wireType(const FoundItem*) {
    static const auto type =
        object<FoundItem>("FoundItem", tolerant, "A hit of a search")
            .field("snapshot_id", &FoundItem::snapshotId,
                   {.doc = "Absent of the snapshot in which a search was stopped at its limit",
                    .omitEmpty = true,
                    .check = checkSnapshotId})
            .field("path", &FoundItem::path, {.maxLength = kWritten})
            .field("path_base64", &FoundItem::pathBase64,
                   {.doc = kBase64, .omitEmpty = true, .maxLength = kWritten})
            .field("type", &FoundItem::type, {.maxLength = 32})
            .field("size", &FoundItem::size, {.doc = "Of files only", .omitEmpty = true})
            .field("mode", &FoundItem::mode, {.doc = "restic's text", .omitEmpty = true, .maxLength = 64})
            .field("mtime", &FoundItem::mtime, {.omitEmpty = true})
            .field("link_target", &FoundItem::linkTarget, {.omitEmpty = true, .maxLength = kWritten})
            .build();
    return type;
}

const Type& wireType(const FindResult*) {
    static const auto type =
        object<FindResult>("FindResult", tolerant, "What a search found; its hits are the items")
            .include<TaskResult>()
            .field("hits", &FindResult::hits, {.omitEmpty = true})
            .field("snapshots", &FindResult::snapshots, {.doc = "In so many of them", .omitEmpty = true})
            .field("truncated", &FindResult::truncated,
                   {.doc = "There are more: the search ended at 10,000", .optional = true})
            .build();
    return type;
}

const Type& wireType(const DiffParameters*) {
    static const auto type =
        object<DiffParameters>("DiffParameters", strict)
            .field("path", &DiffParameters::path,
                   {.doc = "Only what is in this folder",
                    .omitEmpty = true,
                    .maxLength = kPath,
                    .check = checkRestorePath})
            .field("metadata", &DiffParameters::metadata,
                   {.doc = "Also what differs in owner, mode or times alone", .optional = true})
            .build();
    return type;
}

const Type& wireType(const DiffTask*) {
    static const auto type = object<DiffTask>("DiffTask", tolerant, "A comparison as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<DiffParameters>()
                                 .field("from", &DiffTask::from, {.check = checkSnapshotId})
                                 .field("to", &DiffTask::to, {.check = checkSnapshotId})
                                 .build();
    return type;
}

const Type& wireType(const DiffItem*) {
    static const auto type =
        object<DiffItem>("DiffItem", tolerant, "What differs between two snapshots")
            .field("path", &DiffItem::path,
                   {.doc = "Of a folder with a slash at its end", .maxLength = kWritten})
            .field("path_base64", &DiffItem::pathBase64,
                   {.doc = kBase64, .omitEmpty = true, .maxLength = kWritten})
            .field("modifier", &DiffItem::modifier,
                   {.doc = "restic's letters: + added, - removed, M content, T type, U metadata, ? the same "
                           "metadata and another content",
                    .maxLength = 16})
            .build();
    return type;
}

const Type& wireType(const DiffCounts*) {
    static const auto type = object<DiffCounts>("DiffCounts", tolerant)
                                 .field("files", &DiffCounts::files)
                                 .field("dirs", &DiffCounts::dirs)
                                 .field("others", &DiffCounts::others)
                                 .field("bytes", &DiffCounts::bytes)
                                 .build();
    return type;
}

const Type& wireType(const DiffResult*) {
    static const auto type =
        object<DiffResult>("DiffResult", tolerant, "What a comparison counted; its lines are the items")
            .include<TaskResult>()
            .field("changes", &DiffResult::changes, {.doc = "Lines", .omitEmpty = true})
            .field("truncated", &DiffResult::truncated,
                   {.doc = "There are more: the comparison ended at 100,000", .optional = true})
            .field("changed_files", &DiffResult::changedFiles, {.omitEmpty = true})
            .field("added", &DiffResult::added, {.omitEmpty = true})
            .field("removed", &DiffResult::removed, {.omitEmpty = true})
            .build();
    return type;
}

} // namespace restic::protocol
