#include "snapshots/snapshot_discovery.h"

#include <algorithm>

#include "policies/target_store.h"
#include "restic/events.h"

namespace restic {

void recordFound(core::db::Transaction& tx, core::event::Bus& events, Snapshot snapshot, core::Instant now) {
    snapshot.id = core::Uuid::generate(now);
    snapshot.shortId = snapshot.snapshotId.substr(0, 8);
    const bool wasSeen = SnapshotStore::claim(tx, snapshot);
    if (!wasSeen && !SnapshotStore::insert(tx, snapshot, now))
        return;
    if (snapshot.target)
        TargetStore::recordSnapshot(tx, *snapshot.target, snapshot.snapshotId, std::min(snapshot.time, now));
    if (wasSeen)
        return;
    events.publishWith(tx, events::SnapshotDiscovered{tx.tenant(), snapshot.target, snapshot.snapshotId,
                                                      snapshot.hostname.value_or(""), snapshot.paths,
                                                      snapshot.tags, now});
}

} // namespace restic
