#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "restic/protocol/task_messages.h"

/// The kinds that care for a repository: init, check, forget, prune, unlock, stats, snapshots, test. For each
/// its parameters, as people give them (strict) and as they stand in the task that its agent gets, and its
/// result.
namespace restic::protocol {

/// What is wrong with "n/t", "x%" or a size with K, M, G or T, as restic takes them; nullopt if nothing.
std::optional<std::string> checkDataSubset(const std::string& text);

struct CheckParameters {
    /// Reads and verifies all data, not only the structure.
    bool readData = false;
    /// "n/t", "x%" or a size ("500M"): verifies so much of the data.
    std::optional<std::string> readDataSubset;
    /// Accepted and without effect: every restic ignores --check-unused.
    bool checkUnused = false;
};
struct CheckTask : TaskPayload, CheckParameters {};
struct CheckResult : TaskResult {
    /// Absent where restic did not get so far as to count.
    std::optional<std::uint64_t> errorCount;
    /// restic's words for the first hundred of them.
    std::vector<std::string> errors;
    /// Ids of pack files that are damaged; restic 0.18 and later.
    std::vector<std::string> damagedPacks;
    bool suggestRepairIndex = false;
    bool suggestPrune = false;
    /// How much of the data was read: "all", or a part as it was asked for; absent: the structure alone.
    std::optional<std::string> dataRead;
};

struct ForgetParameters {
    /// Absent: the policy's. Without any there is nothing to do.
    std::optional<Retention> retention;
    /// Also what other machines saved; otherwise of the agent's own snapshots only. A policy's are told by
    /// its tag, whatever machine made them.
    bool allHosts = false;
};
/// What only the host says of a forget; agents that name features::kForgetHost in their heartbeats keep to
/// it.
struct ForgetSelection {
    /// Only snapshots of this machine, whichever agent does it.
    std::optional<std::string> host;
};
struct ForgetTask : TaskPayload, ForgetParameters, ForgetSelection {};
struct ForgetResult : TaskResult {
    std::optional<std::uint64_t> snapshotsKept;
    std::optional<std::uint64_t> snapshotsRemoved;
    /// At most 10,000 ids of them.
    std::vector<std::string> removedIds;
};

/// What a retention would leave of a group of snapshots, and what it would remove. The counts are exact; the
/// lists hold the newest of both.
struct PreviewGroup {
    struct Kept {
        std::string id;
        std::optional<core::Instant> time;
        /// In restic's words: "daily snapshot".
        std::vector<std::string> reasons;
    };
    struct Removed {
        std::string id;
        std::optional<core::Instant> time;
    };
    std::string host;
    std::vector<std::string> paths;
    std::uint64_t kept = 0;
    std::uint64_t removed = 0;
    std::vector<Kept> keptSnapshots;
    std::vector<Removed> removedSnapshots;

    /// More than half of its snapshots would go.
    [[nodiscard]] bool overHalf() const noexcept { return removed > kept; }
};
struct PreviewForgetResult : TaskResult {
    /// Of a result; those that would lose over half come first where there are more.
    static constexpr std::size_t kMostGroups = 200;
    /// Of each of a group's lists.
    static constexpr std::size_t kMostListed = 100;
    std::vector<PreviewGroup> groups;
    std::optional<std::uint64_t> snapshotsKept;
    std::optional<std::uint64_t> snapshotsRemoved;
    /// Some group would lose more than half of its snapshots.
    bool overHalf = false;
};

struct PruneTask : TaskPayload, ForgetParameters, ForgetSelection {};
struct PruneResult : ForgetResult {
    /// What the repository is smaller by, and what is left of it.
    std::optional<std::uint64_t> bytesReclaimed;
    std::optional<std::uint64_t> bytesRemaining;
    std::optional<std::uint64_t> blobsRemoved;
};

struct StatsParameters {
    /// raw-data: what the repository takes up. restore-size, files-by-contents, blobs-per-file.
    std::string mode = "raw-data";
};
struct StatsTask : TaskPayload, StatsParameters {};
struct StatsResult : TaskResult {
    std::string mode;
    std::optional<std::uint64_t> totalSize;
    std::optional<std::uint64_t> totalFileCount;
    std::optional<std::uint64_t> totalBlobCount;
    std::optional<std::uint64_t> totalUncompressedSize;
    std::optional<double> compressionRatio;
    std::optional<std::uint64_t> snapshotsCount;
};

/// For kinds that need no more than their repository.
struct NoParameters {};
struct InitResult : TaskResult {
    std::optional<std::string> repositoryId;
    /// False: there was one already, which is left as it is.
    bool created = false;
};

/// Of one repository, in a result: each costs a command of restic.
inline constexpr std::size_t kMostLocks = 20;

/// A lock of a repository, as `restic cat lock` tells it.
struct RepositoryLock {
    std::string id;
    bool exclusive = false;
    std::string hostname;
    std::string username;
    std::int64_t pid = 0;
    /// When its holder renewed it last; restic does so every five minutes.
    std::optional<core::Instant> time;
};
struct LocksResult : TaskResult {
    /// All that there are; the first twenty of them are in `locks`.
    std::optional<std::uint64_t> lockCount;
    std::vector<RepositoryLock> locks;
};
/// With the locks that are still there: their holder may be alive.
struct UnlockResult : LocksResult {
    /// Absent where restic does not say (0.14).
    std::optional<std::uint64_t> locksRemoved;
};

/// One snapshot, as `restic snapshots` lists it: an item of that kind's result.
struct SnapshotItem {
    std::string id;
    std::optional<core::Instant> time;
    std::optional<std::string> hostname;
    std::optional<std::string> username;
    std::vector<std::string> paths;
    std::vector<std::string> tags;
    std::optional<std::string> parent;
    std::optional<std::string> tree;
    std::optional<std::uint64_t> fileCount;
    std::optional<std::uint64_t> sizeBytes;
};
struct SnapshotsResult : TaskResult {
    /// All that the repository has.
    std::optional<std::uint64_t> count;
};

struct TestTask : TaskPayload {
    /// There was a repository at this place: an empty place is an error.
    bool onceWorked = false;
};
/// Of one that succeeded: the storage can be reached.
struct TestResult : TaskResult {
    /// There is a repository, and it opens with its password; otherwise the place is empty.
    bool found = false;
    std::optional<std::string> repositoryId;
    /// Of restic's repository format.
    std::optional<int> version;
    /// The highest folder above an empty place on a disk that is not there either.
    std::optional<std::string> missingFolder;
};

const core::wire::Type& wireType(const CheckParameters*);
const core::wire::Type& wireType(const CheckTask*);
const core::wire::Type& wireType(const CheckResult*);
const core::wire::Type& wireType(const ForgetParameters*);
const core::wire::Type& wireType(const ForgetSelection*);
const core::wire::Type& wireType(const ForgetTask*);
const core::wire::Type& wireType(const ForgetResult*);
const core::wire::Type& wireType(const PreviewGroup::Kept*);
const core::wire::Type& wireType(const PreviewGroup::Removed*);
const core::wire::Type& wireType(const PreviewGroup*);
const core::wire::Type& wireType(const PreviewForgetResult*);
const core::wire::Type& wireType(const PruneTask*);
const core::wire::Type& wireType(const PruneResult*);
const core::wire::Type& wireType(const StatsParameters*);
const core::wire::Type& wireType(const StatsTask*);
const core::wire::Type& wireType(const StatsResult*);
const core::wire::Type& wireType(const NoParameters*);
const core::wire::Type& wireType(const InitResult*);
const core::wire::Type& wireType(const RepositoryLock*);
const core::wire::Type& wireType(const LocksResult*);
const core::wire::Type& wireType(const UnlockResult*);
const core::wire::Type& wireType(const SnapshotItem*);
const core::wire::Type& wireType(const SnapshotsResult*);
const core::wire::Type& wireType(const TestTask*);
const core::wire::Type& wireType(const TestResult*);

} // namespace restic::protocol
