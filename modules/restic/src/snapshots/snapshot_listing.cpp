#include "snapshots/snapshot_listing.h"

#include <algorithm>

#include "policies/target_store.h"
#include "snapshots/snapshot_discovery.h"

namespace restic {

void SnapshotListing::record(core::db::Transaction& tx, core::event::Bus& events,
                             std::vector<protocol::SnapshotItem> items, core::Instant now) const {
    std::vector<std::string> ids;
    ids.reserve(items.size());
    for (const auto& item : items)
        ids.push_back(item.id);
    const auto known = SnapshotStore::confirm(tx, repository, ids, now);
    for (auto& item : items) {
        if (const auto found = known.find(item.id); found != known.end()) {
            if (found->second.wasRemoved && found->second.target)
                TargetStore::recordSnapshot(tx, *found->second.target, item.id,
                                            std::min(item.time.value_or(now), now));
            continue;
        }
        Snapshot snapshot;
        snapshot.repository = repository;
        snapshot.source = source;
        snapshot.snapshotId = item.id;
        snapshot.time = item.time.value_or(now);
        assign(item, snapshot);
        snapshot.hostname = std::move(item.hostname);
        snapshot.username = std::move(item.username);
        snapshot.paths = std::move(item.paths);
        snapshot.tags = std::move(item.tags);
        snapshot.parent = std::move(item.parent);
        snapshot.tree = std::move(item.tree);
        if (item.fileCount)
            snapshot.fileCount = static_cast<std::int64_t>(*item.fileCount);
        if (item.sizeBytes)
            snapshot.sizeBytes = static_cast<std::int64_t>(*item.sizeBytes);
        recordFound(tx, events, std::move(snapshot), now);
    }
}

} // namespace restic
