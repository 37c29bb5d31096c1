#include "tasks/run_store.h"

#include <algorithm>

#include "core/http/list_query.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
const std::string kSelect =
    "SELECT r.id, r.agent_id, r.policy_id, r.target_id, r.start_time_us, r.end_time_us, r.status, "
    "r.error_message, "
    "r.files_new, r.files_changed, r.files_unmodified, r.dirs_new, r.dirs_changed, r.dirs_unmodified, "
    "r.data_added, "
    "r.data_added_packed, r.total_files_processed, r.total_bytes_processed, r.duration_seconds, "
    "r.snapshot_id, "
    "r.unread_count, r.unread_items, r.created_at_us, r.updated_at_us, "
    "(SELECT a.hostname FROM restic_agents a WHERE a.tenant_id = r.tenant_id AND a.id = r.agent_id), "
    "(SELECT p.name FROM restic_policies p WHERE p.tenant_id = r.tenant_id AND p.id = r.policy_id), "
    "(SELECT t.name FROM restic_targets t WHERE t.tenant_id = r.tenant_id AND t.id = r.target_id) "
    "FROM restic_backup_runs r";

BackupRun fromRow(const core::db::Row& row) {
    BackupRun run;
    run.id = row.uuid(0);
    run.agent = row.uuid(1);
    run.policy = row.optionalUuid(2);
    run.target = row.optionalUuid(3);
    run.startTime = row.instant(4);
    run.endTime = row.optionalInstant(5);
    run.status = row.text(6);
    run.errorMessage = row.optionalText(7);
    run.filesNew = row.optionalInteger(8);
    run.filesChanged = row.optionalInteger(9);
    run.filesUnmodified = row.optionalInteger(10);
    run.dirsNew = row.optionalInteger(11);
    run.dirsChanged = row.optionalInteger(12);
    run.dirsUnmodified = row.optionalInteger(13);
    run.dataAdded = row.optionalInteger(14);
    run.dataAddedPacked = row.optionalInteger(15);
    run.totalFilesProcessed = row.optionalInteger(16);
    run.totalBytesProcessed = row.optionalInteger(17);
    run.durationSeconds = row.optionalReal(18);
    run.snapshotId = row.optionalText(19);
    run.unreadCount = row.integer(20);
    run.unreadItems = jsonOr(row, 21, core::json::Array());
    run.createdAt = row.instant(22);
    run.updatedAt = row.instant(23);
    run.agentHostname = row.optionalText(24).value_or("");
    run.policyName = row.optionalText(25);
    run.targetName = row.optionalText(26);
    return run;
}

core::db::Param number(const std::optional<std::uint64_t>& value) {
    return value ? core::db::Param(*value) : core::db::Param(nullptr);
}
} // namespace

void RunStore::insert(Transaction& tx, const Task& task) {
    tx.execute("INSERT INTO restic_backup_runs (id, tenant_id, agent_id, policy_id, target_id, "
               "start_time_us, status, "
               "created_at_us, updated_at_us) VALUES ($1, $2, $3, $4, $5, $6, 'created', $6, $6)",
               {task.id, task.tenant, task.agent, task.policy, task.target, task.createdAt});
}

void RunStore::start(Transaction& tx, const Task& task, Instant now) {
    tx.execute("UPDATE restic_backup_runs SET status = 'running', start_time_us = $3, error_message = NULL, "
               "updated_at_us = $3 WHERE tenant_id = $1 AND id = $2 AND status = 'created'",
               {task.tenant, task.id, now});
}

void RunStore::reset(Transaction& tx, const Task& task, Instant now) {
    tx.execute("UPDATE restic_backup_runs SET status = 'created', updated_at_us = $3 WHERE tenant_id = $1 "
               "AND id = $2 "
               "AND status = 'running'",
               {task.tenant, task.id, now});
}

void RunStore::finish(Transaction& tx, const Task& task, const std::string& status,
                      const std::optional<std::string>& error, const protocol::BackupResult& result,
                      Instant now) {
    core::json::Array unread;
    for (const auto& item : result.unreadItems)
        unread.push_back(core::wire::toJson(item));
    tx.execute(
        "UPDATE restic_backup_runs SET status = $3, error_message = $4, end_time_us = $5, files_new = $6, "
        "files_changed = $7, files_unmodified = $8, dirs_new = $9, dirs_changed = $10, dirs_unmodified = "
        "$11, "
        "data_added = $12, data_added_packed = $13, total_files_processed = $14, total_bytes_processed = "
        "$15, "
        "duration_seconds = $16, snapshot_id = $17, unread_count = $18, unread_items = $19, updated_at_us = "
        "$5 "
        "WHERE tenant_id = $1 AND id = $2 AND status IN ('created', 'running')",
        {task.tenant, task.id, status, error, now, number(result.filesNew), number(result.filesChanged),
         number(result.filesUnmodified), number(result.dirsNew), number(result.dirsChanged),
         number(result.dirsUnmodified), number(result.dataAdded), number(result.dataAddedPacked),
         number(result.totalFilesProcessed), number(result.totalBytesProcessed), result.durationSeconds,
         result.snapshotId ? result.snapshotId : result.shortId, result.unreadCount,
         core::json::Value(std::move(unread))});
}

std::optional<BackupRun> RunStore::find(Transaction& tx, const Uuid& id) {
    const auto rows = tx.query(kSelect + " WHERE r.tenant_id = $1 AND r.id = $2", {tx.tenant(), id});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::vector<BackupRun> RunStore::list(Transaction& tx, const Filter& filter,
                                      const core::http::PageQuery& page) {
    core::http::ListQuery query(kSelect);
    query.where("r.tenant_id = ?", tx.tenant());
    if (filter.agent)
        query.where("r.agent_id = ?", *filter.agent);
    if (filter.policy)
        query.where("r.policy_id = ?", *filter.policy);
    if (filter.target)
        query.where("r.target_id = ?", *filter.target);
    if (filter.status)
        query.whereWord("r.status", *filter.status);
    query.page("created_at_us", page);
    std::vector<BackupRun> all;
    for (const auto& row : query.run(tx))
        all.push_back(fromRow(row));
    return all;
}

namespace {
std::int64_t lastSeqOf(Transaction& tx, const Uuid& task, int attempt) {
    const auto rows =
        tx.query("SELECT last_seq FROM restic_task_logs WHERE tenant_id = $1 AND task_id = $2 AND "
                 "attempt = $3 ORDER BY first_seq DESC LIMIT 1",
                 {tx.tenant(), task, attempt});
    return rows.empty() ? 0 : rows[0].integer(0);
}

void insertLines(Transaction& tx, const Uuid& task, int attempt, std::int64_t first, std::int64_t last,
                 core::json::Array lines, Instant now) {
    tx.execute("INSERT INTO restic_task_logs (tenant_id, task_id, attempt, first_seq, last_seq, lines, "
               "created_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
               {tx.tenant(), task, attempt, first, last, core::json::Value(std::move(lines)), now});
}
} // namespace

std::int64_t LogStore::append(Transaction& tx, const Uuid& task, const protocol::LogBatch& batch,
                              Instant now) {
    const auto last = lastSeqOf(tx, task, batch.attempt);
    const auto end = batch.firstSeq + static_cast<std::int64_t>(batch.lines.size()) - 1;
    if (last >= kMostLines)
        return std::max(end, last); // taken and not kept: nobody goes back for what has no room
    if (batch.firstSeq > last + 1 || end <= last)
        return last;
    const auto size =
        tx.query("SELECT COALESCE(sum(length(CAST(lines AS TEXT))), 0) FROM restic_task_logs WHERE "
                 "tenant_id = $1 AND task_id = $2 AND attempt = $3",
                 {tx.tenant(), task, batch.attempt})[0]
            .integer(0);
    core::json::Array lines;
    std::int64_t bytes = size;
    std::int64_t stored = last;
    for (auto seq = last + 1; seq <= end && seq <= kMostLines && bytes < kMostBytes; ++seq, ++stored) {
        const auto& line = batch.lines[static_cast<std::size_t>(seq - batch.firstSeq)];
        bytes += static_cast<std::int64_t>(line.message.size());
        lines.push_back(core::wire::toJson(line));
    }
    const bool isFull = bytes >= kMostBytes || stored < end;
    if (isFull) // one line says that the rest is missing, and takes the place of all of it
        lines.push_back(core::wire::toJson(protocol::LogLine{
            now, "warn", "The log is longer than the host keeps; the rest of it is missing."}));
    insertLines(tx, task, batch.attempt, last + 1, isFull ? std::max(end, kMostLines) : end, std::move(lines),
                now);
    return end;
}

std::int64_t LogStore::leaveOut(Transaction& tx, const Uuid& task, const protocol::LogBatch& batch,
                                Instant now, const std::string& why) {
    const auto last = lastSeqOf(tx, task, batch.attempt);
    const auto end = batch.firstSeq + static_cast<std::int64_t>(batch.lines.size()) - 1;
    if (last >= kMostLines)
        return std::max(end, last);
    if (batch.firstSeq > last + 1 || end <= last)
        return last;
    insertLines(tx, task, batch.attempt, last + 1, end,
                {core::wire::toJson(protocol::LogLine{now, "warn", why})}, now);
    return end;
}

LogStore::Page LogStore::read(Transaction& tx, const Uuid& task, const LogCursor& after, int limit) {
    Page page;
    std::size_t bytes = 0;
    // Rows are read a few at a time: one may hold a megabyte.
    constexpr int kRows = 8;
    LogCursor at = after;
    for (;;) {
        const auto rows = tx.query(
            "SELECT attempt, first_seq, last_seq, lines FROM restic_task_logs WHERE tenant_id = $1 AND "
            "task_id = $2 AND ((attempt = $3 AND last_seq > $4) OR attempt > $3) ORDER BY attempt, "
            "first_seq LIMIT " +
                std::to_string(kRows),
            {tx.tenant(), task, at.attempt, at.seq});
        for (const auto& row : rows) {
            const int attempt = static_cast<int>(row.integer(0));
            std::int64_t seq = row.integer(1);
            const auto chunk = jsonOr(row, 3, core::json::Array());
            for (const auto& line : *chunk.array()) {
                const bool seen = attempt == after.attempt && seq <= after.seq;
                if (!seen) {
                    if (page.lines.size() == static_cast<std::size_t>(limit) || bytes >= kMostAnswered)
                        return page;
                    bytes += line.stringOr("message").size() + 128;
                    page.lines.push_back({seq, attempt, line});
                    page.last = {attempt, seq};
                }
                ++seq;
            }
            at = {attempt, row.integer(2)};
        }
        if (rows.size() < kRows)
            return page;
    }
}

} // namespace restic
