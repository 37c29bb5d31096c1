#include "restic/protocol/restore_task.h"

#include <algorithm>

#include <fmt/format.h>

#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

std::optional<std::string> checkRestorePath(const std::string& path) {
    if (path.empty() || path.front() != '/')
        return "must be an absolute path";
    if (path.find('\0') != std::string::npos)
        return "must not contain a zero byte";
    if (path.size() == 1)
        return std::nullopt;
    for (std::size_t begin = 1; begin <= path.size();) {
        const auto end = std::min(path.find('/', begin), path.size());
        const auto part = path.substr(begin, end - begin);
        if (part == "..")
            return "must not contain \"..\"";
        if (part.empty() || part == ".")
            return "must be a normalised path: no \"//\", no \"/./\" and no slash at its end";
        begin = end + 1;
    }
    return std::nullopt;
}

std::vector<core::Problem> problemsOf(const RestoreParameters& parameters) {
    std::vector<core::Problem> problems;
    if (parameters.inPlace && parameters.target)
        problems.push_back({"/in_place", "must be false where there is a target"});
    if (!parameters.inPlace && !parameters.target)
        problems.push_back({"/target", "is required, or in_place: true"});
    std::size_t bytes = 0;
    for (const auto& path : parameters.paths)
        bytes += path.size();
    if (bytes > kMostRestorePathBytes)
        problems.push_back(
            {"/paths", fmt::format("must have at most {} KiB together", kMostRestorePathBytes / 1024)});
    return problems;
}

const Type& wireType(const RestoreParameters*) {
    using P = RestoreParameters;
    static const auto type =
        object<P>("RestoreParameters", strict)
            .field("paths", &P::paths,
                   {.doc = "Files and folders, as they are called in the snapshot, every character standing "
                           "for itself; absent: all that is in it",
                    .optional = true,
                    .omitEmpty = true,
                    .maxLength = 4096,
                    .maxItems = kMostRestorePaths,
                    .check = checkRestorePath})
            .field("target", &P::target,
                   {.doc = "The folder under which they are put, each with its whole path; it is created, "
                           "the one above it must be there",
                    .omitEmpty = true,
                    .maxLength = 4096,
                    .check = checkRestorePath})
            .field("in_place", &P::inPlace, {.doc = "Where they were, instead of a target", .optional = true})
            .field("overwrite", &P::overwrite,
                   {.doc = "Of files that are there; absent: always. Others need restic 0.17",
                    .omitEmpty = true,
                    .oneOf = {"always", "if-changed", "if-newer", "never"}})
            .field("dry_run", &P::dryRun,
                   {.doc = "Says what would be done and writes nothing; needs restic 0.17", .optional = true})
            .field(
                "verify", &P::verify,
                {.doc = "Reads what was written again and compares it with the snapshot", .optional = true})
            .field("limit_download_kib", &P::limitDownloadKib,
                   {.doc = "KiB/s", .omitEmpty = true, .min = 1, .max = 100'000'000})
            .build();
    return type;
}

const Type& wireType(const RestoreTask*) {
    static const auto type = object<RestoreTask>("RestoreTask", tolerant, "A restore as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<RestoreParameters>()
                                 .field("snapshot_id", &RestoreTask::snapshotId, {.check = checkSnapshotId})
                                 .build();
    return type;
}

const Type& wireType(const RestoreProblem*) {
    static const auto type = object<RestoreProblem>("RestoreProblem", tolerant)
                                 .field("path", &RestoreProblem::path, {.optional = true})
                                 .field("message", &RestoreProblem::message, {})
                                 .build();
    return type;
}

const Type& wireType(const RestoreResult*) {
    using R = RestoreResult;
    static const auto type =
        object<R>("RestoreResult", tolerant, "What a restore brought back")
            .include<TaskResult>()
            .field("files", &R::files, {.doc = "Files, folders and links", .omitEmpty = true})
            .field("bytes", &R::bytes, {.omitEmpty = true})
            .field("files_skipped", &R::filesSkipped,
                   {.doc = "They were there and were left as they are", .omitEmpty = true})
            .field("bytes_skipped", &R::bytesSkipped, {.omitEmpty = true})
            .field("problem_count", &R::problemCount, {.optional = true})
            .field("problems", &R::problems,
                   {.doc = "The first hundred, in restic's words",
                    .optional = true,
                    .omitEmpty = true,
                    .maxItems = R::kMostProblems})
            .field("target", &R::target, {.doc = "/ for in place", .omitEmpty = true, .maxLength = 4096})
            .field("dry_run", &R::dryRun, {.doc = "Nothing was written", .optional = true})
            .field("verified", &R::verified,
                   {.doc = "What was written was read again and is what the snapshot has", .optional = true})
            .build();
    return type;
}

} // namespace restic::protocol
