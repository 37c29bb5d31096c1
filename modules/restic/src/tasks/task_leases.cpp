#include "tasks/task_leases.h"

#include <algorithm>

#include "restic/protocol/task_errors.h"

namespace restic {

using core::Instant;
using core::TenantContext;
using core::Uuid;
using core::db::Transaction;
using protocol::TaskState;

namespace {
constexpr int kSweepBatch = 200;
} // namespace

void TaskLeases::reconcile(Transaction& tx, const Uuid& agent,
                           const std::vector<std::pair<Uuid, int>>& open) const {
    const Instant now = clock_.now();
    // An answer may still be on its way to the agent when it says what it holds.
    constexpr auto kOnTheWay = core::seconds{15};
    for (const Task& task : TaskStore::held(tx, agent)) {
        const bool known = std::any_of(open.begin(), open.end(), [&](const auto& entry) {
            return entry.first == task.id && entry.second == task.attempt;
        });
        if (known)
            TaskStore::extendLease(tx, task.id, task.attempt, now + lease_);
        else if (task.status == TaskState::assigned) {
            // Whoever has it after all ignores the same attempt; whoever has not must not wait for the lease.
            TaskStore::repeatHandOut(tx, task);
            ends_.wakeAfterCommit(tx, agent);
        } else if (task.assignedAt && *task.assignedAt + kOnTheWay < now)
            ends_.giveBack(tx, task,
                           protocol::task_errors::make(protocol::task_errors::kInterrupted,
                                                       "The agent no longer knows this task."));
    }
}

void TaskLeases::each(const std::vector<TaskStore::Key>& tasks, const Fence& fence, const char* what,
                      const std::function<void(Transaction&, const Task&)>& work) {
    for (const auto& key : tasks) {
        const auto log = [&] {
            log_.error(what, {{"tenant_id", key.tenant.toString()},
                              {"task_id", key.id.toString()},
                              {"error", core::describeCurrentException()}});
        };
        try {
            database_.transact(TenantContext(key.tenant), [&](Transaction& tx) {
                fence(tx);
                if (const auto task = TaskStore::find(tx, key.id))
                    work(tx, *task);
            });
        } catch (const core::Error& error) {
            if (error.name() == core::errors::kLeaseLost.name)
                throw;
            log();
        } catch (const std::exception&) {
            log();
        }
    }
}

void TaskLeases::sweep(const Fence& fence) {
    const Instant now = clock_.now();
    const core::SystemContext system("lease sweep");
    each(database_.read(system, [&](Transaction& tx) { return TaskStore::lapsed(tx, now, kSweepBatch); }),
         fence, "a lease could not be ended", [&](Transaction& tx, const Task& task) {
             if (!task.leaseUntil || *task.leaseUntil >= now)
                 return;
             if (task.status == TaskState::assigned)
                 ends_.giveBack(tx, task,
                                protocol::task_errors::make(protocol::task_errors::kInterrupted,
                                                            "The agent took the task and did not begin it."));
             else if (task.status == TaskState::running)
                 TaskStore::setUnreachable(tx, task, now);
         });
    each(database_.read(system, [&](Transaction& tx) { return TaskStore::overdue(tx, now, kSweepBatch); }),
         fence, "an overdue task could not be ended", [&](Transaction& tx, const Task& task) {
             if (task.status == TaskState::unreachable)
                 ends_.fail(tx, task, protocol::task_errors::make(protocol::task_errors::kTaskTimeout));
         });
    each(database_.read(system, [&](Transaction& tx) { return TaskStore::unfetched(tx, now, kSweepBatch); }),
         fence, "a test that nobody fetched could not be ended", [&](Transaction& tx, const Task& task) {
             if (task.status == TaskState::queued)
                 ends_.fail(tx, task,
                            protocol::task_errors::make(
                                protocol::task_errors::kTaskTimeout,
                                "The agent did not fetch the test in time: it is away, paused or busy. Test "
                                "the repository again."));
         });
    // Retries whose time has come: their agents are asleep in a long poll.
    const auto due = database_.read(
        system, [&](Transaction& tx) { return TaskStore::agentsWithDueRetries(tx, lastSweep_, now); });
    lastSweep_ = now;
    for (const Uuid& agent : due)
        ends_.wake(agent);
}

} // namespace restic
