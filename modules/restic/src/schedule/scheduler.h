#pragma once

#include <exception>
#include <optional>

#include "core/db/database.h"
#include "core/log.h"
#include "core/time.h"
#include "fence.h"
#include "policies/policy_store.h"
#include "tasks/task_service.h"

namespace restic {

/// Turns due slots into tasks. What it costs depends on what is due. A slot is taken in the transaction that
/// makes its task, and a unique key keeps a second host from making it again.
///
/// Each slot stands for itself: one that cannot be taken is recorded beside its link with the reason, moves
/// on, and stops nobody else's.
class Scheduler {
public:
    /// Looked at later than this, a slot was missed, and the policy's catch_up decides.
    static constexpr core::seconds kPunctual{60};
    /// So many missed slots catch_up "all" makes up for; older ones are skipped, and it is said.
    static constexpr int kMostCaughtUp = 100;

    Scheduler(core::db::Database& database, const core::Clock& clock, TaskService& tasks, core::Logger log);

    /// Takes everything that is due. Throws kLeaseLost at once; what else a single slot threw, only after all
    /// the others.
    void run(const Fence& fence = unfenced);

private:
    void takeAll(core::Instant now, const Fence& fence);
    void take(core::db::Transaction& tx, const PolicyStore::Due& due, core::Instant now);
    /// Records why the slot has no task and plans the next one; a failure of that is logged and left to the
    /// next pass.
    void skip(const PolicyStore::Due& due, const std::string& reason, core::Instant now, const Fence& fence);
    /// After the clock went back, and at the start: what was planned by a wrong clock is planned again.
    void realign(core::Instant now, const Fence& fence);
    void note(const core::Uuid& tenant, const core::Uuid& policy, const char* what);

    core::db::Database& database_;
    const core::Clock& clock_;
    TaskService& tasks_;
    core::Logger log_;
    std::optional<core::Instant> lastRun_;
    std::exception_ptr failure_; ///< the first of this run
};

} // namespace restic
