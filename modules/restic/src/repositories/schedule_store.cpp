#include "repositories/schedule_store.h"

#include "id_list.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
const std::string kColumns =
    "s.repository_id, s.operation, s.schedule, s.next_run_at_us, s.last_slot_us, s.next_part, s.problem";

RepositorySchedule fromRow(const core::db::Row& row) {
    return {row.uuid(0),           row.text(1),           row.text(2),
            instantOrNull(row, 3), instantOrNull(row, 4), static_cast<int>(row.integer(5)),
            row.optionalText(6)};
}

const std::string kThisOne = " WHERE tenant_id = $1 AND repository_id = $2 AND operation = $3";
} // namespace

std::vector<RepositorySchedule> ScheduleStore::of(Transaction& tx, const std::vector<Uuid>& repositories) {
    std::vector<RepositorySchedule> all;
    if (repositories.empty())
        return all;
    for (const auto& row : tx.query("SELECT " + kColumns + " FROM " + idsIn(tx, "$2") +
                                        " wanted CROSS JOIN restic_repository_schedules s WHERE "
                                        "s.tenant_id = $1 AND s.repository_id = wanted.id "
                                        "ORDER BY s.repository_id, s.operation",
                                    {tx.tenant(), idList(repositories)}))
        try {
            all.push_back(fromRow(row));
        } catch (const core::Error&) { // one bad row must not take down the list that it is in
        }
    return all;
}

std::optional<RepositorySchedule> ScheduleStore::find(Transaction& tx, const Uuid& repository,
                                                      const std::string& operation) {
    const auto rows = tx.query("SELECT " + kColumns +
                                   " FROM restic_repository_schedules s WHERE s.tenant_id = $1 AND "
                                   "s.repository_id = $2 AND s.operation = $3",
                               {tx.tenant(), repository, operation});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

void ScheduleStore::set(Transaction& tx, const Uuid& repository, const std::string& operation,
                        const std::string& schedule, std::optional<Instant> nextRun) {
    tx.execute("INSERT INTO restic_repository_schedules (tenant_id, repository_id, operation, schedule, "
               "next_run_at_us) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, repository_id, "
               "operation) DO UPDATE SET schedule = $4, next_run_at_us = $5, problem = NULL, "
               "problem_slot_us = NULL",
               {tx.tenant(), repository, operation, schedule, nextRun});
}

void ScheduleStore::erase(Transaction& tx, const Uuid& repository, const std::string& operation) {
    tx.execute("DELETE FROM restic_repository_schedules" + kThisOne, {tx.tenant(), repository, operation});
}

void ScheduleStore::eraseAll(Transaction& tx, const Uuid& repository) {
    tx.execute("DELETE FROM restic_repository_schedules WHERE tenant_id = $1 AND repository_id = $2",
               {tx.tenant(), repository});
}

void ScheduleStore::setPart(Transaction& tx, const Uuid& repository, int part) {
    tx.execute("UPDATE restic_repository_schedules SET next_part = $4" + kThisOne,
               {tx.tenant(), repository, "check", part});
}

void ScheduleStore::partRead(Transaction& tx, const Uuid& repository, int part, int following) {
    tx.execute("UPDATE restic_repository_schedules SET next_part = $5" + kThisOne + " AND next_part = $4",
               {tx.tenant(), repository, "check", part, following});
}

std::vector<ScheduleStore::Due> ScheduleStore::due(Transaction& tx, Instant now,
                                                   const std::optional<Due>& after, int limit) {
    const std::string head = "SELECT tenant_id, repository_id, operation, next_run_at_us FROM "
                             "restic_repository_schedules WHERE next_run_at_us IS NOT NULL AND "
                             "next_run_at_us <= $1";
    const std::string tail =
        " ORDER BY next_run_at_us, tenant_id, repository_id, operation LIMIT " + std::to_string(limit);
    const auto rows =
        after ? tx.query(head +
                             " AND (next_run_at_us, tenant_id, repository_id, operation) > ($2, $3, $4, $5)" +
                             tail,
                         {now, after->slot, after->tenant, after->repository, after->operation})
              : tx.query(head + tail, {now});
    std::vector<Due> all;
    for (const auto& row : rows)
        all.push_back({row.uuid(0), row.uuid(1), row.text(2), instantOrNull(row, 3).value_or(now)});
    return all;
}

std::vector<ScheduleStore::Planned> ScheduleStore::planned(Transaction& tx,
                                                           const std::optional<Planned>& after, int limit) {
    const std::string head =
        "SELECT s.tenant_id, s.repository_id, s.operation, s.schedule, r.maintenance_timezone, "
        "s.next_run_at_us FROM restic_repository_schedules s JOIN restic_repositories r ON r.tenant_id = "
        "s.tenant_id AND r.id = s.repository_id WHERE r.archived_at_us IS NULL";
    const std::string tail =
        " ORDER BY s.tenant_id, s.repository_id, s.operation LIMIT " + std::to_string(limit);
    const auto rows =
        after ? tx.query(head + " AND (s.tenant_id, s.repository_id, s.operation) > ($1, $2, $3)" + tail,
                         {after->tenant, after->repository, after->operation})
              : tx.query(head + tail);
    std::vector<Planned> all;
    for (const auto& row : rows)
        all.push_back({row.uuid(0),
                       row.uuid(1),
                       row.text(2),
                       {row.text(3), row.text(4), slotKey(row.uuid(1), row.text(2))},
                       instantOrNull(row, 5)});
    return all;
}

std::optional<Schedule> ScheduleStore::schedule(Transaction& tx, const Uuid& repository,
                                                const std::string& operation) {
    const auto rows =
        tx.query("SELECT s.schedule, r.maintenance_timezone FROM restic_repository_schedules s JOIN "
                 "restic_repositories r ON r.tenant_id = s.tenant_id AND r.id = s.repository_id WHERE "
                 "s.tenant_id = $1 AND s.repository_id = $2 AND s.operation = $3 AND r.archived_at_us IS "
                 "NULL",
                 {tx.tenant(), repository, operation});
    return rows.empty()
               ? std::nullopt
               : std::optional(Schedule{rows[0].text(0), rows[0].text(1), slotKey(repository, operation)});
}

void ScheduleStore::setNextRun(Transaction& tx, const Uuid& repository, const std::string& operation,
                               std::optional<Instant> nextRun) {
    tx.execute("UPDATE restic_repository_schedules SET next_run_at_us = $4" + kThisOne,
               {tx.tenant(), repository, operation, nextRun});
}

bool ScheduleStore::take(Transaction& tx, const Due& due, Instant nextRun) {
    return tx.execute("UPDATE restic_repository_schedules SET next_run_at_us = $5, last_slot_us = $4, "
                      "problem = NULL, problem_slot_us = NULL" +
                          kThisOne + " AND next_run_at_us = $4",
                      {due.tenant, due.repository, due.operation, due.slot, nextRun}) > 0;
}

void ScheduleStore::recordProblem(Transaction& tx, const Due& due, const std::string& problem) {
    tx.execute("UPDATE restic_repository_schedules SET problem = $4, problem_slot_us = $5" + kThisOne,
               {due.tenant, due.repository, due.operation, problem, due.slot});
}

} // namespace restic
