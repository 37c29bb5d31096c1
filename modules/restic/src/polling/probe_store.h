#pragma once

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// Rows of restic_target_probes: when a target is looked at, and what was found.
class ProbeStore {
public:
    /// From now on the target is looked at, in each way that there is. What is planned stays.
    static void plan(core::db::Transaction& tx, const core::Uuid& target, core::Instant now);
};

} // namespace restic
