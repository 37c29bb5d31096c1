#include "tasks/kinds/one_snapshot.h"

#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_removal.h"
#include "snapshots/snapshot_tagging.h"
#include "tasks/kinds/snapshot_of_task.h"

namespace restic {

using core::db::Transaction;
using protocol::TaskError;

namespace {
TaskError unreadable() {
    return protocol::task_errors::make(protocol::task_errors::kInvalidTask,
                                       "The task's parameters cannot be read.");
}

/// How the agent finds the snapshot; why it cannot.
std::variant<protocol::OneSnapshot, TaskError> toAgent(Transaction& tx, const core::Uuid& id) {
    auto found = snapshotOfTask(tx, id);
    if (auto* error = std::get_if<TaskError>(&found))
        return std::move(*error);
    auto snapshot = std::get<Snapshot>(std::move(found));
    return protocol::OneSnapshot{std::move(snapshot.snapshotId), std::move(snapshot.hostname)};
}
} // namespace

const core::wire::Type& wireType(const TagRequest*) {
    static const auto type = core::wire::object<TagRequest>("TagRequest", core::wire::strict)
                                 .include<protocol::TagParameters>()
                                 .field("snapshot", &TagRequest::snapshot)
                                 .build();
    return type;
}

const core::wire::Type& wireType(const ForgetSnapshotRequest*) {
    static const auto type =
        core::wire::object<ForgetSnapshotRequest>("ForgetSnapshotRequest", core::wire::strict)
            .field("snapshot", &ForgetSnapshotRequest::snapshot)
            .build();
    return type;
}

std::variant<core::json::Object, TaskError> TagKind::payload(Transaction& tx, const Task& task,
                                                             const std::optional<Policy>& /*policy*/,
                                                             protocol::TaskPayload common) const {
    const auto request = core::wire::read<TagRequest>(task.parameters);
    if (!request)
        return unreadable();
    auto snapshot = toAgent(tx, request.value().snapshot);
    if (auto* error = std::get_if<TaskError>(&snapshot))
        return std::move(*error);
    protocol::TagTask own;
    static_cast<protocol::TagParameters&>(own) = request.value();
    static_cast<protocol::OneSnapshot&>(own) = std::get<protocol::OneSnapshot>(std::move(snapshot));
    return written(std::move(common), std::move(own));
}

void TagKind::reported(Transaction& tx, const Task& task, const core::json::Value& value,
                       core::Instant now) const {
    const auto result = resultOf(value);
    const auto request = core::wire::read<TagRequest>(task.parameters);
    if (result.snapshotId && request)
        recordTagged(tx, request.value().snapshot, *result.snapshotId, result.tags, now);
}

std::variant<core::json::Object, TaskError>
ForgetSnapshotKind::payload(Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                            protocol::TaskPayload common) const {
    const auto request = core::wire::read<ForgetSnapshotRequest>(task.parameters);
    if (!request)
        return unreadable();
    auto snapshot = toAgent(tx, request.value().snapshot);
    if (auto* error = std::get_if<TaskError>(&snapshot))
        return std::move(*error);
    protocol::ForgetSnapshotTask own;
    static_cast<protocol::OneSnapshot&>(own) = std::get<protocol::OneSnapshot>(std::move(snapshot));
    return written(std::move(common), std::move(own));
}

void ForgetSnapshotKind::reported(Transaction& tx, const Task& task, const core::json::Value& value,
                                  core::Instant now) const {
    if (task.repository)
        recordRemoved(tx, *task.repository, resultOf(value).removedIds, now);
}

} // namespace restic
