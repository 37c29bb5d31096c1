#pragma once

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// After a restore test of the target that ended with this task, and is recorded: the light is of all its
/// databases and of its files, so that one that was tried well does not speak for another.
void turnRestoreTestLight(core::db::Transaction& tx, const core::Uuid& target, const core::Uuid& task,
                          core::Instant now);

} // namespace restic
