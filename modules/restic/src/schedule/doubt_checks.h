#pragma once

#include <string>

#include "core/db/database.h"
#include "core/log.h"
#include "core/time.h"
#include "tasks/task_service.h"

namespace restic {

/// Has a repository looked at of which somebody has doubts, at most once a day, where an agent can do it.
class DoubtChecks {
public:
    /// Between the end of one check and the next one for this reason.
    static constexpr std::chrono::hours kBetween{24};

    DoubtChecks(TaskService& tasks, const core::Clock& clock, core::Logger log)
        : tasks_(tasks), clock_(clock), log_(std::move(log)) {}

    /// Makes a check of the repository, by its caretaker; nothing if one waits, or ended within kBetween, or
    /// nobody can. Of damage that was found in a part of the data it reads that part. Runs in the caller's
    /// transaction.
    void request(core::db::Transaction& tx, const core::Uuid& repository, const std::string& why) const;

private:
    TaskService& tasks_;
    const core::Clock& clock_;
    core::Logger log_;
};

} // namespace restic
