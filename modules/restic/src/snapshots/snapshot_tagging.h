#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// A snapshot has these tags and is called so now (whole id): its row, with what belongs to it, stays the
/// same. Where a listing has recorded it under that id already, nothing changes.
void recordTagged(core::db::Transaction& tx, const core::Uuid& snapshot, const std::string& snapshotId,
                  const std::vector<std::string>& tags, core::Instant now);

} // namespace restic
