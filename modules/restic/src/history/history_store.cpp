#include "history/history_store.h"

#include <fmt/format.h>

#include "open_tasks.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {

struct Table {
    const char* name;
    const char* at;
    const char* id;
};

Table tableOf(HistoryKind kind) {
    switch (kind) {
    case HistoryKind::snapshots:
        return {"restic_snapshots", "removed_at_us", "id"};
    case HistoryKind::logs:
        return {"restic_task_logs", "created_at_us", "task_id"};
    case HistoryKind::results:
        return {"restic_task_results", "created_at_us", "task_id"};
    case HistoryKind::runs:
        return {"restic_backup_runs", "created_at_us", "id"};
    case HistoryKind::checks:
        return {"restic_health_checks", "checked_at_us", "id"};
    case HistoryKind::tasks:
        break;
    }
    return {"restic_tasks", "created_at_us", "id"};
}

/// Everything but the tenant is older than that.
const HistoryStore::Mark kBeginning{Instant{Instant::duration{INT64_MIN}}, Uuid()};

/// Of rows of that table: their task's items are no folder of a snapshot that is listed.
std::string notOfListed(const char* table, const char* task) {
    return fmt::format("(SELECT l.task_id FROM restic_listed_folders l WHERE l.tenant_id = {0}.tenant_id AND "
                       "l.task_id = {0}.{1} AND l.listed_at_us IS NOT NULL LIMIT 1) IS NULL",
                       table, task);
}

/// Which rows may go; $2 is the limit of age. Each question is a subquery of one row: of an EXISTS
/// PostgreSQL might make a join that reads a whole table.
std::string mayGo(HistoryKind kind) {
    switch (kind) {
    case HistoryKind::snapshots:
        return "removed_at_us < $2";
    case HistoryKind::logs:
    case HistoryKind::results:
        return fmt::format("created_at_us < $2 AND (SELECT t.id FROM restic_tasks t WHERE t.tenant_id = "
                           "{0}.tenant_id AND t.id = {0}.task_id AND NOT (t.{1})) IS NOT NULL",
                           tableOf(kind).name, kOpenTask) +
               (kind == HistoryKind::results ? " AND " + notOfListed("restic_task_results", "task_id") : "");
    case HistoryKind::runs: {
        const auto notNewestOf = [](const char* column) {
            return fmt::format("({0} IS NULL OR (SELECT n.id FROM restic_backup_runs n WHERE n.tenant_id = "
                               "restic_backup_runs.tenant_id AND n.{0} = restic_backup_runs.{0} ORDER BY "
                               "n.created_at_us DESC, n.id DESC LIMIT 1) <> restic_backup_runs.id)",
                               column);
        };
        return "status IN ('success', 'warning', 'failed', 'cancelled') AND "
               "COALESCE(end_time_us, created_at_us) < $2 AND "
               "(SELECT s.id FROM restic_snapshots s WHERE s.tenant_id = restic_backup_runs.tenant_id AND "
               "s.backup_run_id = restic_backup_runs.id LIMIT 1) IS NULL AND "
               "(SELECT g.id FROM restic_targets g WHERE g.tenant_id = restic_backup_runs.tenant_id AND "
               "g.id = restic_backup_runs.target_id AND g.last_run_id = restic_backup_runs.id) IS NULL AND " +
               notNewestOf("target_id") + " AND " + notNewestOf("policy_id");
    }
    case HistoryKind::checks:
        return "checked_at_us < $2";
    case HistoryKind::tasks:
        break;
    }
    return fmt::format(
        "NOT ({}) AND COALESCE(completed_at_us, updated_at_us) < $2 AND "
        "(SELECT r.id FROM restic_backup_runs r WHERE r.id = restic_tasks.id) IS NULL AND "
        "(SELECT n.id FROM restic_tasks n WHERE n.tenant_id = restic_tasks.tenant_id AND "
        "n.retry_of = restic_tasks.id LIMIT 1) IS NULL AND "
        "(SELECT m.task_id FROM restic_repository_maintenance m WHERE m.tenant_id = restic_tasks.tenant_id "
        "AND m.task_id = restic_tasks.id LIMIT 1) IS NULL AND {}",
        kOpenTask, notOfListed("restic_tasks", "id"));
}

} // namespace

std::optional<Uuid> HistoryStore::tenantAfter(Transaction& tx, const std::optional<Uuid>& tenant) {
    const auto firstOf = [](const char* table, const char* as) {
        return fmt::format("SELECT * FROM (SELECT tenant_id FROM {} WHERE tenant_id > $1 ORDER BY tenant_id "
                           "LIMIT 1) {}",
                           table, as);
    };
    const auto rows =
        tx.query("SELECT tenant_id FROM (" + firstOf("restic_tasks", "one") + " UNION " +
                     firstOf("restic_snapshots", "two") + " UNION " +
                     firstOf("restic_health_checks", "three") + ") either ORDER BY tenant_id LIMIT 1",
                 {tenant.value_or(Uuid())});
    return rows.empty() ? std::nullopt : std::optional(rows[0].uuid(0));
}

std::optional<HistoryStore::Stretch> HistoryStore::next(Transaction& tx, HistoryKind kind, Instant before,
                                                        const std::optional<Mark>& after, int limit) {
    const auto table = tableOf(kind);
    const auto from = after.value_or(kBeginning);
    const auto rows = tx.query(
        fmt::format("SELECT {1}, {2} FROM {0} WHERE tenant_id = $1 AND {1} < $2 AND ({1}, {2}) > ($3, $4) "
                    "ORDER BY {1}, {2} LIMIT {3}",
                    table.name, table.at, table.id, limit),
        {tx.tenant(), before, from.at, from.id});
    if (rows.empty())
        return std::nullopt;
    const auto& last = rows[rows.size() - 1];
    return Stretch{{last.instant(0), last.uuid(1)}, static_cast<std::int64_t>(rows.size())};
}

std::int64_t HistoryStore::erase(Transaction& tx, HistoryKind kind, Instant before,
                                 const std::optional<Mark>& after, const Mark& to) {
    const auto table = tableOf(kind);
    const auto from = after.value_or(kBeginning);
    return static_cast<std::int64_t>(
        tx.execute(fmt::format("DELETE FROM {0} WHERE tenant_id = $1 AND ({1}, {2}) > ($3, $4) AND "
                               "({1}, {2}) <= ($5, $6) AND {3}",
                               table.name, table.at, table.id, mayGo(kind)),
                   {tx.tenant(), before, from.at, from.id, to.at, to.id}));
}

} // namespace restic
