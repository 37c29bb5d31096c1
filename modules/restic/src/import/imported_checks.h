#pragma once

#include <vector>

#include "core/db/database.h"
#include "core/uuid.h"
#include "import/v0_rows.h"

namespace restic {

/// What v0 found when it looked, as rows of restic_health_checks.
class ImportedChecks {
public:
    /// Those that are not there yet, and not older than what is kept of the target. Returns how many.
    static std::int64_t add(core::db::Transaction& tx, const core::Uuid& target,
                            const std::vector<V0Check>& checks, core::Instant now);
};

} // namespace restic
