#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/maintenance_tasks.h"
#include "snapshots/snapshot_store.h"

namespace restic {

/// A listing of a repository against our records.
struct SnapshotListing {
    core::Uuid repository;
    /// Who made the listing: agent_report or direct_poll.
    std::string source;
    /// Says whose a snapshot is that is not known yet: its run, policy and target.
    std::function<void(const protocol::SnapshotItem& item, Snapshot& snapshot)> assign;

    /// What we did not know is recorded, short ids are completed, what was marked as removed is there again.
    void record(core::db::Transaction& tx, core::event::Bus& events,
                std::vector<protocol::SnapshotItem> items, core::Instant now) const;
};

} // namespace restic
