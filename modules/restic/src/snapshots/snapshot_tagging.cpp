#include "snapshots/snapshot_tagging.h"

#include "id_list.h"
#include "snapshots/snapshot_store.h"

namespace restic {

void recordTagged(core::db::Transaction& tx, const core::Uuid& snapshot, const std::string& snapshotId,
                  const std::vector<std::string>& tags, core::Instant now) {
    constexpr std::size_t kShort = 8;
    const auto was = SnapshotStore::find(tx, snapshot);
    if (!was)
        return;
    // Listed now: a listing that began before does not know it by this id.
    const auto changed = tx.execute(
        "UPDATE restic_snapshots SET snapshot_id = $3, short_id = $4, tags = $5, listed_at_us = $6 WHERE "
        "tenant_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM restic_snapshots o WHERE o.tenant_id = $1 "
        "AND o.repository_id = restic_snapshots.repository_id AND o.snapshot_id = $3 AND o.id <> $2)",
        {tx.tenant(), snapshot, snapshotId, snapshotId.substr(0, kShort), textList(tags), now});
    if (changed > 0 && was->target)
        tx.execute("UPDATE restic_targets SET latest_snapshot_id = $3 WHERE tenant_id = $1 AND id = $2 AND "
                   "latest_snapshot_id = $4",
                   {tx.tenant(), *was->target, snapshotId, was->snapshotId});
}

} // namespace restic
