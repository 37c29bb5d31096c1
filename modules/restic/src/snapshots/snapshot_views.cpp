#include "snapshots/snapshot_views.h"

#include "dumps/dump_of_snapshot.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const DumpView*) {
    static const auto type =
        object<DumpView>("DumpOfSnapshot", tolerant, "A dump of a database that is in a snapshot")
            .field("plugin", &DumpView::plugin)
            .field("set", &DumpView::set)
            .field("database", &DumpView::database)
            .field("file", &DumpView::file, {.doc = "Its path in the snapshot"})
            .build();
    return type;
}

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
            .field("dumps", &SnapshotView::dumps, {.doc = "The dumps of databases that are in it"})
            .build();
    return type;
}

SnapshotView SnapshotView::of(const Snapshot& s) {
    std::vector<DumpView> dumps;
    for (auto& known : dumpsIn(s.dumps))
        dumps.push_back({std::move(known.plugin), std::move(known.set), std::move(known.database),
                         std::move(known.file)});
    return {s.id,        s.snapshotId, s.shortId, s.time,       s.hostname,      s.username,
            s.paths,     s.tags,       s.parent,  s.tree,       s.source,        s.fileCount,
            s.sizeBytes, s.target,     s.run,     s.repository, std::move(dumps)};
}

const Type& wireType(const SnapshotQuery*) {
    static const auto type =
        object<SnapshotQuery>("SnapshotQuery", strict)
            .include<core::http::PageQuery>()
            .field("target_id", &SnapshotQuery::targetId)
            .field("policy_id", &SnapshotQuery::policyId)
            .field("repository_id", &SnapshotQuery::repositoryId)
            .field("backup_run_id", &SnapshotQuery::backupRunId)
            .field("dumps", &SnapshotQuery::dumps,
                   {.doc = "true: those that hold dumps of databases; false: those that hold files"})
            .field("hostname", &SnapshotQuery::hostname, {.minLength = 1, .maxLength = 255})
            .field("tag", &SnapshotQuery::tag,
                   {.doc = "One of its tags, whole", .minLength = 1, .maxLength = 255})
            .field("path", &SnapshotQuery::path,
                   {.doc = "An absolute path: those that saved it, or a folder above it",
                    .minLength = 1,
                    .maxLength = 4096})
            .field("from", &SnapshotQuery::from, {.doc = "Made then or later"})
            .field("until", &SnapshotQuery::until, {.doc = "Made then or before"})
            .build();
    return type;
}

} // namespace restic
