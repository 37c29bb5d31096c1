#include "schedule/scheduler.h"

#include "agents/agent_store.h"
#include "core/cron.h"

namespace restic {

using core::Instant;
using core::db::Transaction;

Scheduler::Scheduler(core::db::Database& database, const core::Clock& clock, TaskService& tasks,
                     core::Logger log)
    : database_(database), clock_(clock), tasks_(tasks), log_(std::move(log)) {}

std::optional<Instant> Scheduler::nextSlot(const Policy& policy, Instant after) {
    if (!policy.enabled)
        return std::nullopt;
    const auto cron = core::Cron::parse(policy.schedule);
    const auto* zone = core::findTimeZone(policy.timezone);
    if (!cron || zone == nullptr)
        return std::nullopt;
    return cron.value().next(after, *zone);
}

std::optional<Instant> Scheduler::run(const Fence& fence) {
    constexpr int kBatch = 200;
    const core::SystemContext system("scheduler");
    for (;;) {
        const Instant now = clock_.now();
        const auto due =
            database_.read(system, [&](Transaction& tx) { return PolicyStore::due(tx, now, kBatch); });
        for (const auto& slot : due)
            fire(slot, fence);
        if (due.size() < kBatch)
            break;
    }
    return database_.read(system, [](Transaction& tx) { return PolicyStore::earliest(tx); });
}

void Scheduler::fire(const PolicyStore::Due& due, const Fence& fence) {
    const Instant now = clock_.now();
    try {
        database_.transact(core::TenantContext(due.tenant), [&](Transaction& tx) {
            fence(tx);
            const auto policy = PolicyStore::find(tx, due.policy);
            const auto agent = AgentStore::find(tx, due.agent);
            if (!policy || !agent || !policy->enabled) {
                PolicyStore::setNextRun(tx, due.agent, due.policy, std::nullopt);
                return;
            }
            // Slots that passed while nobody looked are one run, not many.
            PolicyStore::setNextRun(tx, due.agent, due.policy, nextSlot(*policy, now));
            if (TaskStore::slotExists(tx, due.agent, due.policy, due.slot))
                return;
            TaskRequest request;
            request.agent = due.agent;
            request.policy = due.policy;
            request.slot = due.slot;
            tasks_.create(tx, request);
        });
    } catch (const core::db::ConstraintViolation& violation) {
        // Another host was faster: the slot has its task.
        log_.debug("a slot was taken by another host", {{"error", violation.what()}});
    }
}

} // namespace restic
