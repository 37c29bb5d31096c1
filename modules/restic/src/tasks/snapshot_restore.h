#pragma once

#include <optional>

#include "core/db/database.h"
#include "restic/protocol/restore_task.h"
#include "tasks/task_request.h"

namespace restic {

/// The task that brings files of a snapshot back: by the agent that is named, the one whose disk the
/// repository is on, or the machine that made the snapshot. Throws kSnapshotNotFound for one that is not
/// there any more, kIsADump for one that holds no files, and kValidation with the field that is wrong.
[[nodiscard]] TaskRequest requestRestore(core::db::Transaction& tx, const core::Uuid& snapshot,
                                         const std::optional<core::Uuid>& agent,
                                         protocol::RestoreParameters parameters);

} // namespace restic
