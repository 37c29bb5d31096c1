#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "restic/protocol/task_messages.h"

/// The kinds that look into snapshots and change nothing: ls, find, diff.
namespace restic::protocol {

/// ls: one folder of one snapshot.
struct LsTask : TaskPayload {
    std::string snapshotId;
    /// As it is called in the snapshot; "/" for the top.
    std::string path;
};
/// An entry of a folder: an item of the result, in restic's order.
struct LsEntry {
    std::string name;
    /// The name in base64url, where it has characters that are shown escaped (core::printable): to ask with.
    std::optional<std::string> nameBase64;
    /// restic's word: file, dir, symlink, fifo, socket, chardev, dev, irregular.
    std::string type;
    /// Of files only.
    std::optional<std::uint64_t> size;
    /// restic's text: "drwxr-xr-x".
    std::optional<std::string> mode;
    std::optional<std::uint64_t> uid;
    std::optional<std::uint64_t> gid;
    std::optional<std::string> user;
    std::optional<std::string> group;
    std::optional<core::Instant> mtime;
    std::optional<std::string> linkTarget;
};
struct LsResult : TaskResult {
    /// How many the folder has.
    std::optional<std::uint64_t> entries;
};

/// So many snapshots a search may name, so many paths, and so many hits it has: what comes behind is not
/// looked for.
inline constexpr std::size_t kMostFindSnapshots = 1000;
inline constexpr std::size_t kMostFindPaths = 100;
inline constexpr std::uint64_t kMostHits = 10'000;

/// find: what somebody says of what is looked for.
struct FindParameters {
    /// A name, or a path or the end of one.
    std::string pattern;
    /// `*`, `?` and `[` are patterns; else every character stands for itself.
    bool glob = false;
    bool ignoreCase = false;
    /// Only snapshots of this machine, and such that saved all of these.
    std::optional<std::string> host;
    std::vector<std::string> paths;
    /// When what is looked for was changed last.
    std::optional<core::Instant> oldest;
    std::optional<core::Instant> newest;
};
/// What its fields do not say each for itself.
std::vector<core::Problem> problemsOf(const FindParameters& parameters);

struct FindTask : TaskPayload, FindParameters {
    /// Only these; empty: all that the rest allows.
    std::vector<std::string> snapshotIds;
    /// Only snapshots with all of these tags.
    std::vector<std::string> tags;
};
/// A hit: an item of the result, in restic's order.
struct FoundItem {
    /// Absent of the snapshot in which restic was stopped at the limit, before it had named it.
    std::optional<std::string> snapshotId;
    std::string path;
    std::optional<std::string> pathBase64;
    std::string type;
    std::optional<std::uint64_t> size;
    std::optional<std::string> mode;
    std::optional<core::Instant> mtime;
    std::optional<std::string> linkTarget;
};
struct FindResult : TaskResult {
    std::optional<std::uint64_t> hits;
    /// In so many snapshots.
    std::optional<std::uint64_t> snapshots;
    /// There are more hits.
    bool truncated = false;
};

/// So many lines a comparison has.
inline constexpr std::uint64_t kMostChanges = 100'000;

/// diff: what somebody says of a comparison.
struct DiffParameters {
    /// Only what is in this folder.
    std::optional<std::string> path;
    /// Also what differs in its owner, mode or times alone.
    bool metadata = false;
};
struct DiffTask : TaskPayload, DiffParameters {
    std::string from;
    std::string to;
};
/// A line: an item of the result.
struct DiffItem {
    /// Of a folder with a slash at its end.
    std::string path;
    std::optional<std::string> pathBase64;
    /// restic's letters: + - M T U ?, sometimes two of them.
    std::string modifier;
};
struct DiffCounts {
    std::uint64_t files = 0;
    std::uint64_t dirs = 0;
    std::uint64_t others = 0;
    std::uint64_t bytes = 0;
};
struct DiffResult : TaskResult {
    /// Lines.
    std::optional<std::uint64_t> changes;
    /// There are more lines.
    bool truncated = false;
    /// Absent where restic was stopped, and of a folder where it counts whole snapshots only (before 0.16).
    std::optional<std::uint64_t> changedFiles;
    std::optional<DiffCounts> added;
    std::optional<DiffCounts> removed;
};

const core::wire::Type& wireType(const LsTask*);
const core::wire::Type& wireType(const LsEntry*);
const core::wire::Type& wireType(const LsResult*);
const core::wire::Type& wireType(const FindParameters*);
const core::wire::Type& wireType(const FindTask*);
const core::wire::Type& wireType(const FoundItem*);
const core::wire::Type& wireType(const FindResult*);
const core::wire::Type& wireType(const DiffParameters*);
const core::wire::Type& wireType(const DiffTask*);
const core::wire::Type& wireType(const DiffItem*);
const core::wire::Type& wireType(const DiffCounts*);
const core::wire::Type& wireType(const DiffResult*);

} // namespace restic::protocol
