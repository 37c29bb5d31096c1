#include "tasks/kinds/snapshot_of_task.h"

#include "restic/protocol/snapshot_id.h"
#include "restic/protocol/task_errors.h"

namespace restic {

std::variant<Snapshot, protocol::TaskError> snapshotOfTask(core::db::Transaction& tx, const core::Uuid& id) {
    const auto invalid = [](const char* message) {
        return protocol::task_errors::make(protocol::task_errors::kInvalidTask, message);
    };
    auto snapshot = SnapshotStore::find(tx, id);
    if (!snapshot || snapshot->removedAt)
        return invalid("The snapshot is no longer there.");
    if (protocol::checkSnapshotId(snapshot->snapshotId))
        return invalid("Only the first digits of the snapshot's id are known; list the repository's "
                       "snapshots first.");
    return std::move(*snapshot);
}

} // namespace restic
