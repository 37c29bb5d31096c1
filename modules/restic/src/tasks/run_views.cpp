#include "tasks/run_views.h"

#include "restic/protocol/task_messages.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
const std::vector<std::string> kRunStates{"created", "running", "success", "warning", "failed", "cancelled"};
} // namespace

const Type& wireType(const SnapshotRef*) {
    static const auto type = object<SnapshotRef>("SnapshotRef", tolerant)
                                 .field("id", &SnapshotRef::id)
                                 .field("snapshot_id", &SnapshotRef::snapshotId)
                                 .build();
    return type;
}

const Type& wireType(const RunView*) {
    static const auto type =
        object<RunView>("BackupRun", tolerant, "One backup, with restic's figures")
            .field("id", &RunView::id)
            .field("tenant_id", &RunView::tenantId)
            .field("agent_id", &RunView::agentId)
            .field("agent_hostname", &RunView::agentHostname)
            .field("policy_id", &RunView::policyId)
            .field("policy_name", &RunView::policyName)
            .field("target_id", &RunView::targetId)
            .field("target_name", &RunView::targetName)
            .field("start_time", &RunView::startTime)
            .field("end_time", &RunView::endTime)
            .field("status", &RunView::status, {.oneOf = kRunStates})
            .field("unreachable", &RunView::unreachable, {.doc = "It runs, but its agent is silent"})
            .field("error_message", &RunView::errorMessage)
            .field("files_new", &RunView::filesNew)
            .field("files_changed", &RunView::filesChanged)
            .field("files_unmodified", &RunView::filesUnmodified)
            .field("dirs_new", &RunView::dirsNew)
            .field("dirs_changed", &RunView::dirsChanged)
            .field("dirs_unmodified", &RunView::dirsUnmodified)
            .field("data_added", &RunView::dataAdded, {.doc = "Bytes"})
            .field("data_added_packed", &RunView::dataAddedPacked,
                   {.doc = "Bytes after compression, as stored"})
            .field("total_files_processed", &RunView::totalFilesProcessed)
            .field("total_bytes_processed", &RunView::totalBytesProcessed)
            .field("duration_seconds", &RunView::durationSeconds)
            .field("snapshot_id", &RunView::snapshotId)
            .field("snapshots", &RunView::snapshots)
            .field("unread_count", &RunView::unreadCount)
            .field("unread_items", &RunView::unreadItems,
                   {.doc = "The first hundred",
                    .shape = &core::wire::typeOf<protocol::UnreadItem>,
                    .shapeIsList = true})
            .field("created_at", &RunView::createdAt)
            .field("updated_at", &RunView::updatedAt)
            .build();
    return type;
}

RunView RunView::of(const BackupRun& r, const core::Uuid& tenant) {
    RunView view;
    view.id = r.id;
    view.tenantId = tenant;
    view.agentId = r.agent;
    view.agentHostname = r.agentHostname;
    view.policyId = r.policy;
    view.policyName = r.policyName;
    view.targetId = r.target;
    view.targetName = r.targetName;
    view.startTime = r.startTime;
    view.endTime = r.endTime;
    view.status = r.status;
    view.errorMessage = r.errorMessage;
    view.filesNew = r.filesNew;
    view.filesChanged = r.filesChanged;
    view.filesUnmodified = r.filesUnmodified;
    view.dirsNew = r.dirsNew;
    view.dirsChanged = r.dirsChanged;
    view.dirsUnmodified = r.dirsUnmodified;
    view.dataAdded = r.dataAdded;
    view.dataAddedPacked = r.dataAddedPacked;
    view.totalFilesProcessed = r.totalFilesProcessed;
    view.totalBytesProcessed = r.totalBytesProcessed;
    view.durationSeconds = r.durationSeconds;
    view.snapshotId = r.snapshotId;
    view.unreadCount = r.unreadCount;
    view.unreadItems = r.unreadItems;
    view.createdAt = r.createdAt;
    view.updatedAt = r.updatedAt;
    return view;
}

const Type& wireType(const RunQuery*) {
    static const auto type = object<RunQuery>("BackupRunQuery", strict)
                                 .include<core::http::PageQuery>()
                                 .field("agent_id", &RunQuery::agentId)
                                 .field("policy_id", &RunQuery::policyId)
                                 .field("target_id", &RunQuery::targetId)
                                 .field("status", &RunQuery::status, {.oneOf = kRunStates})
                                 .build();
    return type;
}

} // namespace restic
