#pragma once

#include <optional>

#include "core/db/database.h"
#include "restic/protocol/verify_task.h"
#include "tasks/task_request.h"

namespace restic {

/// The task that tries files of a snapshot: by the agent that is named, the one whose disk the repository is
/// on, or the machine that made the snapshot. Throws kSnapshotNotFound for one that is not there any more,
/// kIsADump for one that holds no files, and kValidation with the field that is wrong.
[[nodiscard]] TaskRequest requestVerify(core::db::Transaction& tx, const core::Uuid& snapshot,
                                        const std::optional<core::Uuid>& agent,
                                        const protocol::VerifyParameters& parameters);

} // namespace restic
