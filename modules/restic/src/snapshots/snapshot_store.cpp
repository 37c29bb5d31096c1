#include "snapshots/snapshot_store.h"

#include "core/http/list_query.h"
#include "policies/policy_store.h"
#include "rows.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
constexpr std::string_view kColumns =
    "id, repository_id, target_id, policy_id, backup_run_id, snapshot_id, short_id, time_us, "
    "hostname, username, paths, tags, parent, tree, source, file_count, size_bytes";
const std::string kSelect = "SELECT " + std::string(kColumns) + ", removed_at_us FROM restic_snapshots";

Snapshot fromRow(const core::db::Row& row) {
    return {row.uuid(0),
            row.uuid(1),
            row.optionalUuid(2),
            row.optionalUuid(3),
            row.optionalUuid(4),
            row.text(5),
            row.text(6),
            row.instant(7),
            row.optionalText(8),
            row.optionalText(9),
            toStrings(jsonOrNull(row, 10)),
            toStrings(jsonOrNull(row, 11)),
            row.optionalText(12),
            row.optionalText(13),
            row.text(14),
            row.optionalInteger(15),
            row.optionalInteger(16),
            row.optionalInstant(17)};
}
} // namespace

bool SnapshotStore::insert(Transaction& tx, const Snapshot& s, core::Instant now) {
    const bool whole = s.snapshotId != s.shortId;
    // The same snapshot in eight digits, or in all of them.
    const auto known = tx.query("SELECT id, snapshot_id FROM restic_snapshots WHERE tenant_id = $1 AND "
                                "repository_id = $2 AND (snapshot_id = $3 OR (short_id = $3 AND "
                                "backup_run_id = $4))",
                                {tx.tenant(), s.repository, s.shortId, s.run});
    if (!known.empty()) {
        if (whole && known[0].text(1) == s.shortId)
            tx.execute("UPDATE restic_snapshots SET snapshot_id = $3 WHERE tenant_id = $1 AND id = $2",
                       {tx.tenant(), known[0].uuid(0), s.snapshotId});
        return false;
    }
    return tx.execute("INSERT INTO restic_snapshots (tenant_id, " + std::string(kColumns) +
                          ", created_at_us) VALUES "
                          "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19) "
                          "ON CONFLICT (tenant_id, repository_id, snapshot_id) DO NOTHING",
                      {tx.tenant(), s.id, s.repository, s.target, s.policy, s.run, s.snapshotId, s.shortId,
                       s.time, s.hostname, s.username, fromStrings(s.paths), fromStrings(s.tags), s.parent,
                       s.tree, s.source, s.fileCount, s.sizeBytes, now}) == 1;
}

SnapshotStore::Known SnapshotStore::confirm(Transaction& tx, const Uuid& repository,
                                            const std::string& snapshotId, std::optional<Uuid>& target) {
    const auto rows = tx.query("SELECT id, snapshot_id, removed_at_us, target_id FROM restic_snapshots WHERE "
                               "tenant_id = $1 AND repository_id = $2 AND snapshot_id IN ($3, $4)",
                               {tx.tenant(), repository, snapshotId, snapshotId.substr(0, 8)});
    if (rows.empty())
        return Known::no;
    const bool removed = !rows[0].isNull(2);
    if (removed || rows[0].text(1) != snapshotId)
        tx.execute(
            "UPDATE restic_snapshots SET snapshot_id = $3, removed_at_us = NULL WHERE tenant_id = $1 AND "
            "id = $2",
            {tx.tenant(), rows[0].uuid(0), snapshotId});
    target = rows[0].optionalUuid(3);
    return removed ? Known::removed : Known::yes;
}

std::optional<Snapshot> SnapshotStore::find(Transaction& tx, const Uuid& id) {
    const auto rows = tx.query(kSelect + " WHERE tenant_id = $1 AND id = $2", {tx.tenant(), id});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::vector<Snapshot> SnapshotStore::list(Transaction& tx, const Filter& filter,
                                          const core::http::PageQuery& page) {
    core::http::ListQuery query(kSelect);
    query.where("tenant_id = ?", tx.tenant());
    query.whereNull("removed_at_us");
    if (filter.target)
        query.where("target_id = ?", *filter.target);
    if (filter.repository)
        query.where("repository_id = ?", *filter.repository);
    if (filter.run)
        query.where("backup_run_id = ?", *filter.run);
    if (filter.policy)
        query.where("policy_id = ?", *filter.policy);
    query.page("time_us", page);
    std::vector<Snapshot> all;
    for (const auto& row : query.run(tx))
        all.push_back(fromRow(row));
    return all;
}

} // namespace restic
