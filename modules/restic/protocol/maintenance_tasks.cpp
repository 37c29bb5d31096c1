#include "restic/protocol/maintenance_tasks.h"

#include <cstdlib>

#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

std::optional<std::string> checkDataSubset(const std::string& text) {
    constexpr auto kDigits = "0123456789";
    const std::string wrong = "must be like 1/5, 2.5% or 500M";
    if (const auto slash = text.find('/'); slash != std::string::npos) {
        const auto part = text.substr(0, slash);
        const auto all = text.substr(slash + 1);
        if (part.empty() || all.empty() || part.size() > 3 || all.size() > 3 ||
            (part + all).find_first_not_of(kDigits) != std::string::npos)
            return wrong;
        const int n = std::stoi(part);
        const int t = std::stoi(all);
        return n >= 1 && t >= 1 && t <= 256 && n <= t
                   ? std::nullopt
                   : std::optional<std::string>("must name a part between 1 and the number of parts, of at "
                                                "most 256: 1/5");
    }
    if (text.size() < 2 || text.size() > 16)
        return wrong;
    const auto number = text.substr(0, text.size() - 1);
    if (text.back() == '%') {
        char* end = nullptr;
        const double percent = std::strtod(number.c_str(), &end);
        if (number.find_first_not_of("0123456789.") != std::string::npos || *end != '\0')
            return wrong;
        return percent > 0 && percent <= 100
                   ? std::nullopt
                   : std::optional<std::string>("must be above 0 and at most 100 %");
    }
    return std::string("KMGT").find(text.back()) != std::string::npos &&
                   number.find_first_not_of(kDigits) == std::string::npos && number.front() != '0'
               ? std::nullopt
               : std::optional(wrong);
}

const Type& wireType(const CheckParameters*) {
    static const auto type =
        object<CheckParameters>("CheckParameters", strict)
            .field("read_data", &CheckParameters::readData,
                   {.doc = "Reads and verifies all data; costs as much as restoring everything",
                    .optional = true})
            .field("read_data_subset", &CheckParameters::readDataSubset,
                   {.doc = "Verifies a part of the data: 1/5, 2.5% or 500M",
                    .omitEmpty = true,
                    .example = "1/7",
                    .check = checkDataSubset})
            .field("check_unused", &CheckParameters::checkUnused,
                   {.doc = "Accepted and without effect: restic ignores it", .optional = true})
            .build();
    return type;
}

const Type& wireType(const CheckTask*) {
    static const auto type = object<CheckTask>("CheckTask", tolerant, "A check as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<CheckParameters>()
                                 .build();
    return type;
}

const Type& wireType(const CheckResult*) {
    static const auto type =
        object<CheckResult>("CheckResult", tolerant, "What a check found")
            .include<TaskResult>()
            .field("error_count", &CheckResult::errorCount, {.omitEmpty = true})
            .field("errors", &CheckResult::errors,
                   {.doc = "The first hundred", .optional = true, .omitEmpty = true, .maxItems = 100})
            .field("damaged_packs", &CheckResult::damagedPacks,
                   {.doc = "Pack files, by id", .optional = true, .omitEmpty = true, .maxLength = 64})
            .field("suggest_repair_index", &CheckResult::suggestRepairIndex, {.optional = true})
            .field("suggest_prune", &CheckResult::suggestPrune, {.optional = true})
            .field("data_read", &CheckResult::dataRead,
                   {.doc = "How much of the data was read: all, or a part as it was asked for; absent: the "
                           "structure alone",
                    .omitEmpty = true,
                    .maxLength = 64})
            .build();
    return type;
}

const Type& wireType(const ForgetParameters*) {
    static const auto type =
        object<ForgetParameters>("ForgetParameters", strict)
            .field("retention", &ForgetParameters::retention,
                   {.doc = "Instead of the policy's", .omitEmpty = true})
            .field("all_hosts", &ForgetParameters::allHosts,
                   {.doc = "Without a policy: also what other machines saved", .optional = true})
            .build();
    return type;
}

const Type& wireType(const ForgetSelection*) {
    static const auto type =
        object<ForgetSelection>("ForgetSelection", tolerant)
            .field("host", &ForgetSelection::host,
                   {.doc = "Only snapshots of this machine", .omitEmpty = true, .maxLength = 256})
            .build();
    return type;
}

const Type& wireType(const ForgetTask*) {
    static const auto type = object<ForgetTask>("ForgetTask", tolerant, "A forget as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<ForgetParameters>()
                                 .include<ForgetSelection>()
                                 .build();
    return type;
}

const Type& wireType(const ForgetResult*) {
    static const auto type =
        object<ForgetResult>("ForgetResult", tolerant, "Which snapshots a forget removed")
            .include<TaskResult>()
            .field("snapshots_kept", &ForgetResult::snapshotsKept, {.omitEmpty = true})
            .field("snapshots_removed", &ForgetResult::snapshotsRemoved, {.omitEmpty = true})
            .field("removed_ids", &ForgetResult::removedIds,
                   {.doc = "At most 10,000", .optional = true, .omitEmpty = true, .check = checkShortId})
            .build();
    return type;
}

const Type& wireType(const PreviewGroup::Kept*) {
    using Kept = PreviewGroup::Kept;
    static const auto type =
        object<Kept>("PreviewKept", tolerant)
            .field("id", &Kept::id, {.check = checkShortId})
            .field("time", &Kept::time, {.omitEmpty = true})
            .field("reasons", &Kept::reasons, {.doc = "In restic's words", .optional = true, .maxItems = 32})
            .build();
    return type;
}

const Type& wireType(const PreviewGroup::Removed*) {
    using Removed = PreviewGroup::Removed;
    static const auto type = object<Removed>("PreviewRemoved", tolerant)
                                 .field("id", &Removed::id, {.check = checkShortId})
                                 .field("time", &Removed::time, {.omitEmpty = true})
                                 .build();
    return type;
}

const Type& wireType(const PreviewGroup*) {
    static const auto type =
        object<PreviewGroup>("PreviewGroup", tolerant, "What a retention would leave of a machine's paths")
            .field("host", &PreviewGroup::host, {.optional = true, .maxLength = 256})
            .field("paths", &PreviewGroup::paths, {.optional = true})
            .field("kept", &PreviewGroup::kept)
            .field("removed", &PreviewGroup::removed)
            .field(
                "kept_snapshots", &PreviewGroup::keptSnapshots,
                {.doc = "The newest hundred", .optional = true, .maxItems = PreviewForgetResult::kMostListed})
            .field(
                "removed_snapshots", &PreviewGroup::removedSnapshots,
                {.doc = "The newest hundred", .optional = true, .maxItems = PreviewForgetResult::kMostListed})
            .build();
    return type;
}

const Type& wireType(const PreviewForgetResult*) {
    using R = PreviewForgetResult;
    static const auto type =
        object<R>("PreviewForgetResult", tolerant, "Which snapshots a forget would remove")
            .include<TaskResult>()
            .field("groups", &R::groups,
                   {.doc = "Of more than two hundred those first that would lose over half",
                    .optional = true,
                    .omitEmpty = true,
                    .maxItems = R::kMostGroups})
            .field("snapshots_kept", &R::snapshotsKept, {.omitEmpty = true})
            .field("snapshots_removed", &R::snapshotsRemoved, {.omitEmpty = true})
            .field("over_half", &R::overHalf,
                   {.doc = "Some group would lose more than half of its snapshots", .optional = true})
            .build();
    return type;
}

const Type& wireType(const PruneTask*) {
    static const auto type = object<PruneTask>("PruneTask", tolerant, "A prune as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<ForgetParameters>()
                                 .include<ForgetSelection>()
                                 .build();
    return type;
}

const Type& wireType(const PruneResult*) {
    static const auto type = object<PruneResult>("PruneResult", tolerant, "What a prune freed")
                                 .include<ForgetResult>()
                                 .field("bytes_reclaimed", &PruneResult::bytesReclaimed, {.omitEmpty = true})
                                 .field("bytes_remaining", &PruneResult::bytesRemaining, {.omitEmpty = true})
                                 .field("blobs_removed", &PruneResult::blobsRemoved, {.omitEmpty = true})
                                 .build();
    return type;
}

const Type& wireType(const StatsParameters*) {
    static const auto type =
        object<StatsParameters>("StatsParameters", strict)
            .field("mode", &StatsParameters::mode,
                   {.doc = "raw-data: what the repository takes up; restore-size: what a restore would write",
                    .optional = true,
                    .oneOf = {"raw-data", "restore-size", "files-by-contents", "blobs-per-file"}})
            .build();
    return type;
}

const Type& wireType(const StatsTask*) {
    static const auto type = object<StatsTask>("StatsTask", tolerant, "A stats task as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<StatsParameters>()
                                 .build();
    return type;
}

const Type& wireType(const StatsResult*) {
    static const auto type =
        object<StatsResult>("StatsResult", tolerant, "What the repository takes up")
            .include<TaskResult>()
            .field("mode", &StatsResult::mode, {.optional = true, .maxLength = 32})
            .field("total_size", &StatsResult::totalSize, {.doc = "Bytes", .omitEmpty = true})
            .field("total_file_count", &StatsResult::totalFileCount, {.omitEmpty = true})
            .field("total_blob_count", &StatsResult::totalBlobCount, {.omitEmpty = true})
            .field("total_uncompressed_size", &StatsResult::totalUncompressedSize, {.omitEmpty = true})
            .field("compression_ratio", &StatsResult::compressionRatio, {.omitEmpty = true, .min = 0})
            .field("snapshots_count", &StatsResult::snapshotsCount, {.omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const NoParameters*) {
    static const auto type = object<NoParameters>("NoParameters", strict).build();
    return type;
}

const Type& wireType(const InitResult*) {
    static const auto type =
        object<InitResult>("InitResult", tolerant)
            .include<TaskResult>()
            .field("repository_id", &InitResult::repositoryId, {.omitEmpty = true, .maxLength = 64})
            .field("created", &InitResult::created,
                   {.doc = "False: there was one already, which is left as it is", .optional = true})
            .build();
    return type;
}

const Type& wireType(const RepositoryLock*) {
    static const auto type =
        object<RepositoryLock>("RepositoryLock", tolerant, "A lock that restic holds in a repository")
            .field("id", &RepositoryLock::id, {.check = checkSnapshotId})
            .field("exclusive", &RepositoryLock::exclusive,
                   {.doc = "Nobody else may work there, not even read with a lock", .optional = true})
            .field("hostname", &RepositoryLock::hostname, {.optional = true, .maxLength = 256})
            .field("username", &RepositoryLock::username, {.optional = true, .maxLength = 256})
            .field("pid", &RepositoryLock::pid, {.doc = "Of the process on that machine", .optional = true})
            .field("time", &RepositoryLock::time,
                   {.doc = "When its holder renewed it last, which it does every five minutes",
                    .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const LocksResult*) {
    static const auto type =
        object<LocksResult>("LocksResult", tolerant, "Who holds the repository")
            .include<TaskResult>()
            .field("lock_count", &LocksResult::lockCount, {.omitEmpty = true})
            .field("locks", &LocksResult::locks,
                   {.doc = "The first twenty", .optional = true, .omitEmpty = true, .maxItems = kMostLocks})
            .build();
    return type;
}

const Type& wireType(const UnlockResult*) {
    static const auto type =
        object<UnlockResult>("UnlockResult", tolerant, "What was removed, and the locks that are still there")
            .include<LocksResult>()
            .field("locks_removed", &UnlockResult::locksRemoved,
                   {.doc = "Absent where restic does not say", .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const SnapshotItem*) {
    static const auto type =
        object<SnapshotItem>("SnapshotItem", tolerant)
            .field("id", &SnapshotItem::id, {.check = checkShortId})
            .field("time", &SnapshotItem::time, {.omitEmpty = true})
            .field("hostname", &SnapshotItem::hostname, {.omitEmpty = true, .maxLength = 256})
            .field("username", &SnapshotItem::username, {.omitEmpty = true, .maxLength = 256})
            .field("paths", &SnapshotItem::paths, {.optional = true, .omitEmpty = true})
            .field("tags", &SnapshotItem::tags, {.optional = true, .omitEmpty = true})
            .field("parent", &SnapshotItem::parent, {.omitEmpty = true, .check = checkShortId})
            .field("tree", &SnapshotItem::tree, {.omitEmpty = true, .maxLength = 64})
            .field("file_count", &SnapshotItem::fileCount, {.omitEmpty = true})
            .field("size_bytes", &SnapshotItem::sizeBytes, {.omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const SnapshotsResult*) {
    static const auto type = object<SnapshotsResult>("SnapshotsResult", tolerant, "What the repository has")
                                 .include<TaskResult>()
                                 .field("count", &SnapshotsResult::count, {.omitEmpty = true})
                                 .build();
    return type;
}

const Type& wireType(const TestTask*) {
    static const auto type =
        object<TestTask>("TestTask", tolerant, "A test as its agent gets it")
            .include<TaskPayload>()
            .field("once_worked", &TestTask::onceWorked,
                   {.doc = "There was a repository: an empty place is an error", .optional = true})
            .build();
    return type;
}

const Type& wireType(const TestResult*) {
    static const auto type =
        object<TestResult>("TestResult", tolerant, "What a test found")
            .include<TaskResult>()
            .field("found", &TestResult::found,
                   {.doc = "There is a repository and it opens with its password; false: the place is empty, "
                           "and one can be created",
                    .optional = true})
            .field("repository_id", &TestResult::repositoryId, {.omitEmpty = true, .maxLength = 64})
            .field("version", &TestResult::version,
                   {.doc = "Of restic's repository format", .omitEmpty = true})
            .field("missing_folder", &TestResult::missingFolder,
                   {.doc = "A folder above the place that is not there either: a path with a mistake in it, "
                           "or a disk that is not mounted",
                    .omitEmpty = true,
                    .maxLength = 4096})
            .build();
    return type;
}

} // namespace restic::protocol
