#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/wire.h"
#include "snapshots/snapshot_store.h"

/// What people's API takes and answers of snapshots: declared here once.
namespace restic {

/// A dump of a database that is in a snapshot.
struct DumpView {
    std::string plugin;
    std::optional<std::string> set;
    std::string database;
    /// Its path in the snapshot.
    std::string file;
};

struct SnapshotView {
    core::Uuid id;
    std::string snapshotId;
    std::string shortId;
    core::Instant time;
    std::optional<std::string> hostname;
    std::optional<std::string> username;
    std::vector<std::string> paths;
    std::vector<std::string> tags;
    std::optional<std::string> parent;
    std::optional<std::string> tree;
    std::string source;
    std::optional<std::int64_t> fileCount;
    std::optional<std::int64_t> sizeBytes;
    std::optional<core::Uuid> targetId;
    std::optional<core::Uuid> backupRunId;
    core::Uuid repositoryId;
    std::vector<DumpView> dumps;
    static SnapshotView of(const Snapshot& snapshot);
};

struct SnapshotQuery : core::http::PageQuery {
    std::optional<core::Uuid> targetId;
    std::optional<core::Uuid> policyId;
    std::optional<core::Uuid> repositoryId;
    std::optional<core::Uuid> backupRunId;
    std::optional<bool> dumps;
    std::optional<std::string> hostname;
    std::optional<std::string> tag;
    std::optional<std::string> path;
    std::optional<core::Instant> from;
    std::optional<core::Instant> until;
};

const core::wire::Type& wireType(const DumpView*);
const core::wire::Type& wireType(const SnapshotView*);
const core::wire::Type& wireType(const SnapshotQuery*);

} // namespace restic
