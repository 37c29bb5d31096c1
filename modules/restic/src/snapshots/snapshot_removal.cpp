#include "snapshots/snapshot_removal.h"

#include <map>

#include "id_list.h"
#include "snapshots/listed_folders.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
/// What each target has is counted anew from what is left: a light never stands on what is gone.
void countAgain(Transaction& tx, const std::map<Uuid, std::int64_t>& removed) {
    for (const auto& [target, count] : removed) {
        const auto latest =
            tx.query("SELECT snapshot_id, time_us, created_at_us FROM restic_snapshots WHERE tenant_id = $1 "
                     "AND target_id = $2 AND removed_at_us IS NULL ORDER BY time_us DESC LIMIT 1",
                     {tx.tenant(), target});
        core::db::Param id = nullptr;
        core::db::Param at = nullptr;
        if (!latest.empty()) {
            id = latest[0].text(0);
            at = std::min(latest[0].instant(1), latest[0].instant(2));
        }
        tx.execute("UPDATE restic_targets SET snapshot_count = CASE WHEN snapshot_count > $3 THEN "
                   "snapshot_count - $3 ELSE 0 END, latest_snapshot_id = $4, latest_snapshot_at_us = $5 "
                   "WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), target, count, id, at});
    }
}

/// What is marked as removed, by its target and id: what was listed of it goes, and targets count anew.
void leave(Transaction& tx, const core::db::Rows& rows) {
    std::map<Uuid, std::int64_t> counts;
    std::vector<Uuid> ids;
    for (const auto& row : rows) {
        if (const auto target = row.optionalUuid(0))
            ++counts[*target];
        ids.push_back(row.uuid(1));
    }
    ListedFolders::drop(tx, ids);
    countAgain(tx, counts);
}
} // namespace

void recordRemoved(Transaction& tx, const Uuid& repository, const std::vector<std::string>& snapshotIds,
                   Instant now) {
    if (snapshotIds.empty())
        return;
    // A row may have the first digits only.
    auto ids = snapshotIds;
    for (const auto& id : snapshotIds)
        if (id.size() > 8)
            ids.push_back(id.substr(0, 8));
    leave(tx, tx.query("UPDATE restic_snapshots SET removed_at_us = $4 WHERE tenant_id = $1 "
                       "AND repository_id = $2 AND snapshot_id IN " +
                           textsIn(tx, "$3") + " AND removed_at_us IS NULL RETURNING target_id, id",
                       {tx.tenant(), repository, textList(ids), now}));
}

void recordAbsent(Transaction& tx, const Uuid& repository, Instant listed, Instant now) {
    leave(tx, tx.query("UPDATE restic_snapshots SET removed_at_us = $4 WHERE tenant_id = $1 AND "
                       "repository_id = $2 AND removed_at_us IS NULL AND created_at_us < $3 AND "
                       "(listed_at_us IS NULL OR listed_at_us < $3) RETURNING target_id, id",
                       {tx.tenant(), repository, listed, now}));
}

} // namespace restic
