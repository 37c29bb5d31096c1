#pragma once

#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/time.h"
#include "snapshots/snapshot_store.h"

namespace restic {

/// A snapshot that is in its repository: recorded, counted at its target, and told. One that is known changes
/// nothing.
void recordFound(core::db::Transaction& tx, core::event::Bus& events, Snapshot snapshot, core::Instant now);

} // namespace restic
