#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "slot.h"

namespace restic {

/// An operation that a repository has by a schedule.
struct RepositorySchedule {
    core::Uuid repository;
    std::string operation; ///< one of MaintenancePlan::kOperations
    std::string schedule;
    std::optional<core::Instant> nextRunAt;
    std::optional<core::Instant> lastSlot;
    int nextPart = 1; ///< of the data, for a check that reads them by turns
    /// Why the last slot made no task, or not all of its tasks.
    std::optional<std::string> problem;
};

/// Rows of restic_repository_schedules: one for each repository and operation that has a schedule.
class ScheduleStore {
public:
    /// Of those repositories, by repository and operation.
    static std::vector<RepositorySchedule> of(core::db::Transaction& tx,
                                              const std::vector<core::Uuid>& repositories);
    static std::optional<RepositorySchedule> find(core::db::Transaction& tx, const core::Uuid& repository,
                                                  const std::string& operation);
    /// From now on that schedule; what was known of the one before stays but for its problem.
    static void set(core::db::Transaction& tx, const core::Uuid& repository, const std::string& operation,
                    const std::string& schedule, std::optional<core::Instant> nextRun);
    static void erase(core::db::Transaction& tx, const core::Uuid& repository, const std::string& operation);
    static void eraseAll(core::db::Transaction& tx, const core::Uuid& repository);

    /// The check reads that part next.
    static void setPart(core::db::Transaction& tx, const core::Uuid& repository, int part);
    /// A check has read that part: the next one is due, unless it is already another's turn.
    static void partRead(core::db::Transaction& tx, const core::Uuid& repository, int part, int following);

    /// An operation that is due, of any tenant.
    struct Due {
        core::Uuid tenant;
        core::Uuid repository;
        std::string operation;
        core::Instant slot;
    };
    /// In a system context: oldest first, those behind `after`.
    static std::vector<Due> due(core::db::Transaction& tx, core::Instant now, const std::optional<Due>& after,
                                int limit);
    struct Planned {
        core::Uuid tenant;
        core::Uuid repository;
        std::string operation;
        Schedule schedule;
        std::optional<core::Instant> nextRunAt;
    };
    /// In a system context: all of them by their keys, those behind `after`.
    static std::vector<Planned> planned(core::db::Transaction& tx, const std::optional<Planned>& after,
                                        int limit);
    static std::optional<Schedule> schedule(core::db::Transaction& tx, const core::Uuid& repository,
                                            const std::string& operation);
    static void setNextRun(core::db::Transaction& tx, const core::Uuid& repository,
                           const std::string& operation, std::optional<core::Instant> nextRun);
    /// The slot is this caller's and the next one is planned. False if another host has taken it.
    static bool take(core::db::Transaction& tx, const Due& due, core::Instant nextRun);
    /// Beside a slot that was taken: what did not come of it.
    static void recordProblem(core::db::Transaction& tx, const Due& due, const std::string& problem);
};

} // namespace restic
