#include "snapshots/snapshot_discovery.h"

#include <algorithm>

#include "lights/evidence_store.h"
#include "policies/target_store.h"
#include "restic/events.h"

namespace restic {

void recordFound(core::db::Transaction& tx, core::event::Bus& events, Snapshot snapshot, core::Instant now) {
    snapshot.id = core::Uuid::generate(now);
    snapshot.shortId = snapshot.snapshotId.substr(0, 8);
    // Of a look there may be a hundred thousand: it has asked for all of them together, and counts them
    // itself.
    const bool looked = snapshot.source == "direct_poll";
    const bool wasSeen = !looked && SnapshotStore::claim(tx, snapshot);
    if (!wasSeen && !(looked ? SnapshotStore::insertUnknown(tx, snapshot, now)
                             : SnapshotStore::insert(tx, snapshot, now)))
        return;
    if (snapshot.target && !looked) {
        TargetStore::recordSnapshot(tx, *snapshot.target, snapshot.snapshotId, std::min(snapshot.time, now));
        EvidenceStore::expect(tx, *snapshot.target, EvidenceStore::kRetention, now);
    }
    if (wasSeen)
        return;
    events.publishWith(tx, events::SnapshotDiscovered{tx.tenant(), snapshot.target, snapshot.snapshotId,
                                                      snapshot.hostname.value_or(""), snapshot.paths,
                                                      snapshot.tags, now});
}

} // namespace restic
