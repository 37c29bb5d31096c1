#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "restic/protocol/task_messages.h"

/// The kind restore: files of a snapshot come back to a machine.
namespace restic::protocol {

/// So many paths a restore may name, and so many bytes all of them may have together: they become arguments
/// of one command.
inline constexpr std::size_t kMostRestorePaths = 1000;
inline constexpr std::size_t kMostRestorePathBytes = 524288; // 512 KiB

/// What is wrong with a path in a snapshot or with a folder to restore to; nullopt if nothing. It is absolute
/// and normalised: no "..", ".", empty part or slash at its end. Every other character stands for itself.
std::optional<std::string> checkRestorePath(const std::string& path);

/// What somebody says of a restore, beside the snapshot.
struct RestoreParameters {
    /// Files and folders, as they are called in the snapshot; empty: all that is in it.
    std::vector<std::string> paths;
    /// The folder under which they are put, each with its whole path. Exactly one of this and `inPlace`.
    std::optional<std::string> target;
    /// Where they were.
    bool inPlace = false;
    /// Of files that are there: always (where absent), if-changed, if-newer, never.
    std::optional<std::string> overwrite;
    /// Nothing is written.
    bool dryRun = false;
    /// What was written is read again and compared.
    bool verify = false;
    std::optional<int> limitDownloadKib;

    /// Whether restic needs to be 0.17 or later.
    [[nodiscard]] bool needsOverwriteModes() const { return overwrite && *overwrite != "always"; }
};
/// What its fields do not say each for itself: one place, and paths that fit into a command.
std::vector<core::Problem> problemsOf(const RestoreParameters& parameters);

struct RestoreTask : TaskPayload, RestoreParameters {
    std::string snapshotId;
};

struct RestoreProblem {
    std::string path;
    std::string message;
};
struct RestoreResult : TaskResult {
    /// Of `problems`; more are counted only.
    static constexpr std::size_t kMostProblems = 100;
    /// What was written, as restic counts: files, folders and links. Of a restic before 0.16 what the
    /// snapshot has of it.
    std::optional<std::uint64_t> files;
    std::optional<std::uint64_t> bytes;
    /// Files that were there and were left as they are.
    std::optional<std::uint64_t> filesSkipped;
    std::optional<std::uint64_t> bytesSkipped;
    std::uint64_t problemCount = 0;
    std::vector<RestoreProblem> problems;
    /// Where to; "/" for in place.
    std::optional<std::string> target;
    bool dryRun = false;
    /// What was written was compared, and is what the snapshot has.
    bool verified = false;
};

const core::wire::Type& wireType(const RestoreParameters*);
const core::wire::Type& wireType(const RestoreTask*);
const core::wire::Type& wireType(const RestoreProblem*);
const core::wire::Type& wireType(const RestoreResult*);

} // namespace restic::protocol
