#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// These snapshots (whole ids, or the first eight digits) are no longer in the repository: they leave the
/// lists, and targets count and date what is left. What is not known, or gone already, changes nothing.
void recordRemoved(core::db::Transaction& tx, const core::Uuid& repository,
                   const std::vector<std::string>& snapshotIds, core::Instant now);
/// The same for all of the repository's that were recorded before `listed` and that no listing has named
/// since then.
void recordAbsent(core::db::Transaction& tx, const core::Uuid& repository, core::Instant listed,
                  core::Instant now);

} // namespace restic
