#pragma once

#include "core/db/database.h"
#include "core/log.h"
#include "core/time.h"
#include "fence.h"
#include "policies/policy_store.h"
#include "tasks/task_service.h"

namespace restic {

/// Turns due slots into tasks. What it costs depends on what is due. A slot is taken in the transaction that
/// makes its task, and a unique key keeps a second host from making it again.
class Scheduler {
public:
    Scheduler(core::db::Database& database, const core::Clock& clock, TaskService& tasks, core::Logger log);

    /// Fires everything that is due and returns when the next slot is.
    std::optional<core::Instant> run(const Fence& fence = unfenced);

    /// The first slot of a policy after that time; nullopt if it is disabled or its schedule never comes.
    static std::optional<core::Instant> nextSlot(const Policy& policy, core::Instant after);

private:
    void fire(const PolicyStore::Due& due, const Fence& fence);

    core::db::Database& database_;
    const core::Clock& clock_;
    TaskService& tasks_;
    core::Logger log_;
};

} // namespace restic
