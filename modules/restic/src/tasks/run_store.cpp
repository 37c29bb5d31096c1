#include "tasks/run_store.h"

#include <algorithm>

#include "core/db/table.h"
#include "core/http/list_query.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
using core::db::column;
using core::db::Use;

/// Runs with the names of what they belong to; they are written by statements of their own.
const core::db::Table<BackupRun>& table() {
    static const core::db::Table<BackupRun> columns(
        "restic_backup_runs r",
        {column("r.id", &BackupRun::id, Use::readOnly),
         column("r.agent_id", &BackupRun::agent, Use::readOnly),
         column("r.policy_id", &BackupRun::policy, Use::readOnly),
         column("r.target_id", &BackupRun::target, Use::readOnly),
         column("r.start_time_us", &BackupRun::startTime, Use::readOnly),
         column("r.end_time_us", &BackupRun::endTime, Use::readOnly),
         column("r.status", &BackupRun::status, Use::readOnly),
         column("r.error_message", &BackupRun::errorMessage, Use::readOnly),
         column("r.files_new", &BackupRun::filesNew, Use::readOnly),
         column("r.files_changed", &BackupRun::filesChanged, Use::readOnly),
         column("r.files_unmodified", &BackupRun::filesUnmodified, Use::readOnly),
         column("r.dirs_new", &BackupRun::dirsNew, Use::readOnly),
         column("r.dirs_changed", &BackupRun::dirsChanged, Use::readOnly),
         column("r.dirs_unmodified", &BackupRun::dirsUnmodified, Use::readOnly),
         column("r.data_added", &BackupRun::dataAdded, Use::readOnly),
         column("r.data_added_packed", &BackupRun::dataAddedPacked, Use::readOnly),
         column("r.total_files_processed", &BackupRun::totalFilesProcessed, Use::readOnly),
         column("r.total_bytes_processed", &BackupRun::totalBytesProcessed, Use::readOnly),
         column("r.duration_seconds", &BackupRun::durationSeconds, Use::readOnly),
         column("r.snapshot_id", &BackupRun::snapshotId, Use::readOnly),
         column("r.unread_count", &BackupRun::unreadCount, Use::readOnly),
         column("r.unread_items", &BackupRun::unreadItems, Use::readOnly),
         column("r.created_at_us", &BackupRun::createdAt, Use::readOnly),
         column("r.updated_at_us", &BackupRun::updatedAt, Use::readOnly),
         column("coalesce((SELECT a.hostname FROM restic_agents a WHERE a.tenant_id = r.tenant_id AND a.id = "
                "r.agent_id), '')",
                &BackupRun::agentHostname, Use::readOnly),
         column(
             "(SELECT p.name FROM restic_policies p WHERE p.tenant_id = r.tenant_id AND p.id = r.policy_id)",
             &BackupRun::policyName, Use::readOnly),
         column(
             "(SELECT t.name FROM restic_targets t WHERE t.tenant_id = r.tenant_id AND t.id = r.target_id)",
             &BackupRun::targetName, Use::readOnly)});
    return columns;
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

std::vector<std::int64_t> RunStore::lastBytes(Transaction& tx, const Uuid& target, const Uuid& without) {
    std::vector<std::int64_t> all;
    // However many have failed since, no more than twenty are read.
    for (
        const auto& row : tx.query(
            "SELECT r.total_bytes_processed FROM (SELECT id, status, total_bytes_processed, created_at_us "
            "FROM "
            "restic_backup_runs WHERE tenant_id = $1 AND target_id = $2 ORDER BY created_at_us DESC, id DESC "
            "LIMIT 20) r WHERE r.id <> $3 AND r.status IN ('success', 'warning') AND r.total_bytes_processed "
            "IS NOT NULL ORDER BY r.created_at_us DESC LIMIT 5",
            {tx.tenant(), target, without}))
        all.push_back(row.integer(0));
    return all;
}

std::optional<BackupRun> RunStore::find(Transaction& tx, const Uuid& id) {
    return table().readFirst(
        tx.query(table().select() + " WHERE r.tenant_id = $1 AND r.id = $2", {tx.tenant(), id}));
}

std::vector<BackupRun> RunStore::list(Transaction& tx, const Filter& filter,
                                      const core::http::PageQuery& page) {
    core::http::ListQuery query(table().select());
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
    return table().readAll(query.run(tx));
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
