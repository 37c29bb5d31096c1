#include "snapshots/listed_folders.h"

#include <algorithm>

#include "core/encoding.h"
#include "id_list.h"
#include "open_tasks.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
/// Of one statement.
constexpr std::size_t kBatch = 500;

/// A path is longer than what an index takes.
std::string keyOf(const std::string& path) {
    return core::hexEncode(core::sha256(path));
}

void eraseEntries(Transaction& tx, const Uuid& task) {
    tx.execute("DELETE FROM restic_task_results WHERE tenant_id = $1 AND task_id = $2", {tx.tenant(), task});
}

/// One by one: of a list PostgreSQL would make a join that reads all items of all tasks.
void dropTasks(Transaction& tx, const std::vector<Uuid>& tasks) {
    for (const auto& task : tasks) {
        tx.execute("DELETE FROM restic_listed_folders WHERE tenant_id = $1 AND task_id = $2",
                   {tx.tenant(), task});
        eraseEntries(tx, task);
    }
}

std::vector<Uuid> idsOf(const core::db::Rows& rows) {
    std::vector<Uuid> out;
    for (const auto& row : rows)
        out.push_back(row.uuid(0));
    return out;
}
} // namespace

std::optional<ListedFolder> ListedFolders::find(Transaction& tx, const Uuid& snapshot,
                                                const std::string& path) {
    const auto rows = tx.query("SELECT task_id, attempt, entries, listed_at_us, used_at_us FROM "
                               "restic_listed_folders WHERE tenant_id = $1 AND snapshot_id = $2 AND "
                               "path_sha256 = $3",
                               {tx.tenant(), snapshot, keyOf(path)});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    return ListedFolder{row.uuid(0), static_cast<int>(row.integer(1)), row.integer(2), row.optionalInstant(3),
                        row.instant(4)};
}

void ListedFolders::begin(Transaction& tx, const Uuid& snapshot, const std::string& path, const Uuid& task,
                          Instant now) {
    tx.execute("INSERT INTO restic_listed_folders (tenant_id, snapshot_id, path_sha256, path, task_id, "
               "attempt, entries, used_at_us) VALUES ($1, $2, $3, $4, $5, 1, 0, $6) ON CONFLICT (tenant_id, "
               "snapshot_id, path_sha256) DO UPDATE SET task_id = excluded.task_id, used_at_us = "
               "excluded.used_at_us WHERE restic_listed_folders.listed_at_us IS NULL",
               {tx.tenant(), snapshot, keyOf(path), path, task, now});
}

void ListedFolders::listed(Transaction& tx, const Uuid& snapshot, const std::string& path,
                           const ListedFolder& folder, std::int64_t most) {
    const auto changed = tx.execute(
        "UPDATE restic_listed_folders SET attempt = $5, entries = $6, listed_at_us = $7, used_at_us = $7 "
        "WHERE tenant_id = $1 AND snapshot_id = $2 AND path_sha256 = $3 AND task_id = $4 AND "
        "listed_at_us IS NULL",
        {tx.tenant(), snapshot, keyOf(path), folder.task, folder.attempt, folder.entries, folder.listedAt});
    if (changed == 0) // another task was first, or its snapshot is gone: nobody would ever read these
        return eraseEntries(tx, folder.task);
    auto over = tx.query("SELECT CAST(COALESCE(SUM(entries + " + std::to_string(kOfItself) +
                             "), 0) AS bigint) FROM restic_listed_folders WHERE tenant_id = $1",
                         {tx.tenant()})[0]
                    .integer(0) -
                most;
    while (over > 0) {
        const auto rows = tx.query(
            std::string("SELECT task_id, entries FROM restic_listed_folders WHERE tenant_id = $1 AND "
                        "task_id <> $2 AND (listed_at_us IS NOT NULL OR (SELECT t.id FROM "
                        "restic_tasks t WHERE t.tenant_id = restic_listed_folders.tenant_id AND t.id "
                        "= restic_listed_folders.task_id AND t.") +
                kOpenTask + ") IS NULL) ORDER BY used_at_us, entries LIMIT 100",
            {tx.tenant(), folder.task});
        std::vector<Uuid> tasks;
        for (std::size_t i = 0; i < rows.size() && over > 0; ++i) {
            tasks.push_back(rows[i].uuid(0));
            over -= rows[i].integer(1) + kOfItself;
        }
        if (tasks.empty())
            return; // the one that somebody waits for stays
        dropTasks(tx, tasks);
    }
}

void ListedFolders::use(Transaction& tx, const Uuid& snapshot, const std::string& path, Instant now) {
    tx.execute(
        "UPDATE restic_listed_folders SET used_at_us = $4 WHERE tenant_id = $1 AND snapshot_id = $2 AND "
        "path_sha256 = $3 AND used_at_us < $4",
        {tx.tenant(), snapshot, keyOf(path), now});
}

void ListedFolders::drop(Transaction& tx, const std::vector<Uuid>& snapshots) {
    for (std::size_t at = 0; at < snapshots.size(); at += kBatch) {
        const auto end = std::min(at + kBatch, snapshots.size());
        dropTasks(tx, idsOf(tx.query(
                          "SELECT f.task_id FROM " + idsIn(tx, "$2") +
                              " these CROSS JOIN restic_listed_folders f WHERE f.tenant_id = $1 AND "
                              "f.snapshot_id = these.id",
                          {tx.tenant(), idList({snapshots.begin() + static_cast<std::ptrdiff_t>(at),
                                                snapshots.begin() + static_cast<std::ptrdiff_t>(end)})})));
    }
}

} // namespace restic
