#include "tasks/kinds/restore.h"

#include "restic/protocol/snapshot_id.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_store.h"

namespace restic {

const core::wire::Type& wireType(const RestoreRequest*) {
    static const auto type = core::wire::object<RestoreRequest>("RestoreRequest", core::wire::strict)
                                 .include<protocol::RestoreParameters>()
                                 .field("snapshot", &RestoreRequest::snapshot)
                                 .build();
    return type;
}

std::variant<core::json::Object, protocol::TaskError>
RestoreKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                     protocol::TaskPayload common) const {
    const auto invalid = [](const char* message) {
        return protocol::task_errors::make(protocol::task_errors::kInvalidTask, message);
    };
    const auto request = core::wire::read<RestoreRequest>(task.parameters);
    const auto snapshot =
        request ? SnapshotStore::find(tx, request.value().snapshot) : std::optional<Snapshot>();
    if (!snapshot || snapshot->removedAt)
        return invalid("The snapshot is no longer there.");
    if (protocol::checkSnapshotId(snapshot->snapshotId))
        return invalid("Only the first digits of the snapshot's id are known; list the repository's "
                       "snapshots first.");
    protocol::RestoreTask own;
    static_cast<protocol::RestoreParameters&>(own) = request.value();
    own.snapshotId = snapshot->snapshotId;
    return written(std::move(common), std::move(own));
}

} // namespace restic
