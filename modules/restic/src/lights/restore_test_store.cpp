#include "lights/restore_test_store.h"

#include <cmath>

namespace restic {

using core::Uuid;
using core::db::Transaction;

const core::wire::Type& wireType(const RestoreTestView*) {
    using V = RestoreTestView;
    static const auto type =
        core::wire::object<V>("RestoreTest", core::wire::tolerant,
                              "The last restore test of a target's files")
            .field("task_id", &V::taskId)
            .field("snapshot_id", &V::snapshotId, {.doc = "restic's id of the snapshot that was tried"})
            .field("at", &V::at, {.doc = "When it ended"})
            .field("good", &V::good)
            .field("message", &V::message, {.doc = "Why it failed"})
            .field("files", &V::files, {.doc = "That were restored and compared"})
            .field("total_files", &V::totalFiles, {.doc = "Of the snapshot"})
            .field("bytes", &V::bytes)
            .field("seconds", &V::seconds)
            .field("share_percent", &V::sharePercent, {.doc = "How much of the snapshot's files that is"})
            .build();
    return type;
}

RestoreTestView RestoreTestView::of(const RestoreTest& test) {
    constexpr double kThousand = 1000.0;
    constexpr double kPercent = 100.0;
    RestoreTestView view;
    view.taskId = test.task;
    view.snapshotId = test.snapshotId;
    view.at = test.endedAt;
    view.good = test.good;
    view.message = test.message;
    view.files = test.files;
    view.totalFiles = test.totalFiles;
    view.bytes = test.bytes;
    view.seconds = static_cast<double>(test.duration.count()) / kThousand;
    if (test.totalFiles > 0)
        view.sharePercent = std::round(kPercent * kPercent * static_cast<double>(test.files) /
                                       static_cast<double>(test.totalFiles)) /
                            kPercent;
    return view;
}

std::optional<RestoreTest> RestoreTestStore::read(const core::db::Row& row, std::size_t first) {
    if (row.isNull(first))
        return std::nullopt;
    RestoreTest test;
    test.task = row.uuid(first);
    test.snapshotId = row.text(first + 1);
    test.endedAt = row.instant(first + 2);
    test.good = row.boolean(first + 3);
    test.message = row.optionalText(first + 4);
    test.files = row.integer(first + 5);
    test.totalFiles = row.integer(first + 6);
    test.bytes = row.integer(first + 7);
    test.duration = core::milliseconds(row.integer(first + 8));
    return test;
}

void RestoreTestStore::record(Transaction& tx, const Uuid& target, const RestoreTest& test) {
    tx.execute("INSERT INTO restic_restore_tests (tenant_id, target_id, task_id, snapshot_id, ended_at_us, "
               "good, message, files, total_files, bytes, duration_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, "
               "$8, $9, $10, $11) ON CONFLICT (tenant_id, target_id) DO UPDATE SET task_id = $3, snapshot_id "
               "= $4, ended_at_us = $5, good = $6, message = $7, files = $8, total_files = $9, bytes = $10, "
               "duration_ms = $11",
               {tx.tenant(), target, test.task, test.snapshotId, test.endedAt, test.good, test.message,
                test.files, test.totalFiles, test.bytes, static_cast<std::int64_t>(test.duration.count())});
}

std::optional<std::string> RestoreTestStore::failed(Transaction& tx, const Uuid& target) {
    const auto rows =
        tx.query("SELECT message FROM restic_restore_tests WHERE tenant_id = $1 AND target_id = "
                 "$2 AND NOT good",
                 {tx.tenant(), target});
    return rows.empty() ? std::nullopt : std::optional(rows[0].optionalText(0).value_or("it failed"));
}

std::vector<RestoreTestStore::Candidate> RestoreTestStore::candidates(Transaction& tx, const Uuid& repository,
                                                                      int limit) {
    std::vector<Candidate> all;
    for (const auto& row :
         tx.query("SELECT t.id, t.agent_id, s.id, s.snapshot_id FROM restic_targets t "
                  "LEFT JOIN restic_policies p ON p.tenant_id = t.tenant_id AND p.id = t.policy_id "
                  "LEFT JOIN restic_restore_tests r ON r.tenant_id = t.tenant_id AND r.target_id = t.id "
                  "JOIN restic_snapshots s ON s.tenant_id = t.tenant_id AND s.id = (SELECT n.id FROM "
                  "restic_snapshots n WHERE n.tenant_id = t.tenant_id AND n.target_id = t.id AND "
                  "n.repository_id = $2 AND n.removed_at_us IS NULL AND NOT n.own_dump ORDER BY n.time_us "
                  "DESC, n.id DESC LIMIT 1) "
                  "WHERE t.tenant_id = $1 AND t.mode = 'agent' AND t.agent_id IS NOT NULL AND NOT t.disabled "
                  "AND COALESCE(t.repository_id, p.repository_id) = $2 "
                  "ORDER BY COALESCE(r.ended_at_us, 0), t.id LIMIT $3",
                  {tx.tenant(), repository, std::int64_t{limit}}))
        all.push_back({row.uuid(0), row.uuid(1), row.uuid(2), row.text(3)});
    return all;
}

} // namespace restic
