#include "snapshots/snapshot_views.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const SnapshotView*) {
    static const auto type =
        object<SnapshotView>("Snapshot", tolerant)
            .field("id", &SnapshotView::id)
            .field("snapshot_id", &SnapshotView::snapshotId)
            .field("short_id", &SnapshotView::shortId)
            .field("time", &SnapshotView::time)
            .field("hostname", &SnapshotView::hostname)
            .field("username", &SnapshotView::username)
            .field("paths", &SnapshotView::paths)
            .field("tags", &SnapshotView::tags)
            .field("parent", &SnapshotView::parent)
            .field("tree", &SnapshotView::tree)
            .field("source", &SnapshotView::source, {.oneOf = {"agent_report", "direct_poll"}})
            .field("file_count", &SnapshotView::fileCount)
            .field("size_bytes", &SnapshotView::sizeBytes)
            .field("target_id", &SnapshotView::targetId)
            .field("backup_run_id", &SnapshotView::backupRunId)
            .field("repository_id", &SnapshotView::repositoryId)
            .build();
    return type;
}

SnapshotView SnapshotView::of(const Snapshot& s) {
    return {s.id,     s.snapshotId, s.shortId, s.time,      s.hostname,  s.username, s.paths, s.tags,
            s.parent, s.tree,       s.source,  s.fileCount, s.sizeBytes, s.target,   s.run,   s.repository};
}

const Type& wireType(const SnapshotQuery*) {
    static const auto type = object<SnapshotQuery>("SnapshotQuery", strict)
                                 .include<core::http::PageQuery>()
                                 .field("target_id", &SnapshotQuery::targetId)
                                 .field("policy_id", &SnapshotQuery::policyId)
                                 .field("repository_id", &SnapshotQuery::repositoryId)
                                 .field("backup_run_id", &SnapshotQuery::backupRunId)
                                 .build();
    return type;
}

} // namespace restic
