#pragma once

#include "core/db/database.h"
#include "core/log.h"

namespace restic {

/// Gives the repositories of earlier versions their place, and the marks of places that worked the spelling
/// of today; at each start, where it finds nothing the next time. What cannot be done for one tenant is
/// logged and stops no other. Returns how many repositories it changed.
int spellOldPlaces(core::db::Database& database, const core::Logger& log);

} // namespace restic
