#pragma once

#include <variant>

#include "core/db/database.h"
#include "core/uuid.h"
#include "restic/protocol/task_messages.h"
#include "snapshots/snapshot_store.h"

namespace restic {

/// The snapshot on which a task works, when its agent gets it: there still, and its whole id known. Or why
/// the task fails before it begins.
[[nodiscard]] std::variant<Snapshot, protocol::TaskError> snapshotOfTask(core::db::Transaction& tx,
                                                                         const core::Uuid& id);

} // namespace restic
