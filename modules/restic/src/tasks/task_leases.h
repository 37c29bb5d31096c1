#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/log.h"
#include "core/time.h"
#include "fence.h"
#include "tasks/task_ends.h"
#include "tasks/task_store.h"

namespace restic {

/// Who holds a task, and until when: a lease that its agent renews by what it sends. Thread-safe, but for
/// sweep(), which one thread calls.
class TaskLeases {
public:
    /// `ends` must outlive it.
    TaskLeases(core::db::Database& database, const core::Clock& clock, core::Logger log, const TaskEnds& ends,
               core::milliseconds lease)
        : database_(database), clock_(clock), log_(std::move(log)), ends_(ends), lease_(lease) {}

    /// The agent says that it has these tasks, by id and attempt.
    void reconcile(core::db::Transaction& tx, const core::Uuid& agent,
                   const std::vector<std::pair<core::Uuid, int>>& open) const;
    /// Leases that ended: what was never started is given out again, what runs is unreachable.
    void sweep(const Fence& fence);

private:
    /// One unit of work for each task that is still there; what one throws is logged and stops no other.
    void each(const std::vector<TaskStore::Key>& tasks, const Fence& fence, const char* what,
              const std::function<void(core::db::Transaction&, const Task&)>& work);

    core::db::Database& database_;
    const core::Clock& clock_;
    core::Logger log_;
    const TaskEnds& ends_;
    core::milliseconds lease_;
    core::Instant lastSweep_{};
};

} // namespace restic
