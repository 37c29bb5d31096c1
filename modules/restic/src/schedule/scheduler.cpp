#include "schedule/scheduler.h"

#include <deque>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "policies/slot.h"

namespace restic {

using core::Instant;
using core::TenantContext;
using core::db::Transaction;

namespace {
constexpr int kBatch = 200;
/// While the database fails, a slot is tried again; after so long it is the slot's own fault.
constexpr std::chrono::minutes kPatience{10};
/// A zone that is not there may come back with the next update of the machine.
constexpr std::chrono::minutes kLookAgain{5};
/// More missed slots than this are not even counted.
constexpr int kMostCounted = 1000;

bool mayPass(const core::Error& error) {
    return error.name() == core::errors::kDatabase.name || error.name() == core::errors::kUnavailable.name;
}
} // namespace

Scheduler::Scheduler(core::db::Database& database, const core::Clock& clock, TaskService& tasks,
                     core::Logger log)
    : database_(database), clock_(clock), tasks_(tasks), log_(std::move(log)) {}

void Scheduler::run(const Fence& fence) {
    const Instant now = clock_.now();
    failure_ = nullptr;
    if (!lastRun_ || now < *lastRun_)
        realign(now, fence);
    lastRun_ = now;
    takeAll(now, fence);
    if (failure_)
        std::rethrow_exception(failure_);
}

void Scheduler::takeAll(Instant now, const Fence& fence) {
    const core::SystemContext system("scheduler");
    std::optional<PolicyStore::Due> last;
    for (;;) {
        const auto due =
            database_.read(system, [&](Transaction& tx) { return PolicyStore::due(tx, now, last, kBatch); });
        for (const auto& slot : due) {
            try {
                database_.transact(TenantContext(slot.tenant), [&](Transaction& tx) {
                    fence(tx);
                    take(tx, slot, now);
                });
            } catch (const core::Error& error) {
                if (isLeaseLost(error))
                    throw;
                note(slot.tenant, slot.policy, "a slot could not be taken");
                if (!mayPass(error) || now - slot.slot > kPatience)
                    skip(slot, error.what(), now, fence);
            } catch (const core::db::ConstraintViolation& violation) {
                log_.debug("a slot was refused by the database",
                           {{"tenant_id", slot.tenant.toString()}, {"error", violation.what()}});
                skip(slot, "The slot could not be taken; the host's log says why.", now, fence);
            } catch (const std::exception&) {
                note(slot.tenant, slot.policy, "a slot could not be taken");
                skip(slot, "The slot could not be taken; the host's log says why.", now, fence);
            }
        }
        if (due.size() < kBatch)
            return;
        last = due.back();
    }
}

void Scheduler::take(Transaction& tx, const PolicyStore::Due& due, Instant now) {
    const auto policy = PolicyStore::find(tx, due.policy);
    const auto agent = AgentStore::find(tx, due.agent);
    if (!policy || !agent || !policy->enabled) {
        PolicyStore::setNextRun(tx, due.agent, due.policy, std::nullopt);
        return;
    }
    const auto after = [&](Instant time) { return nextSlot(policy->schedule, policy->timezone, time); };
    const auto following = after(now);
    if (!following) {
        PolicyStore::skip(tx, due, following.error().what(), now, now + kLookAgain);
        log_.warn("a policy's schedule cannot be read", {{"tenant_id", due.tenant.toString()},
                                                         {"policy_id", due.policy.toString()},
                                                         {"error", following.error().what()}});
        return;
    }
    const bool missed = now - due.slot > kPunctual;
    if (missed && policy->catchUp == "none") {
        // The newest slot may still be punctual.
        const Instant next = after(now - kPunctual).value();
        PolicyStore::setNextRun(tx, due.agent, due.policy, next);
        log_.info("missed slots are not made up for", {{"tenant_id", due.tenant.toString()},
                                                       {"policy_id", due.policy.toString()},
                                                       {"agent_id", due.agent.toString()},
                                                       {"slot", core::formatInstant(due.slot)}});
        return;
    }
    Instant next = following.value();
    if (missed && policy->catchUp == "all") {
        if (TaskStore::findPending(tx, due.agent, due.policy, "backup"))
            return; // one after the other, in the order of the slots
        std::deque<Instant> open{due.slot};
        int counted = 1;
        for (auto slot = after(due.slot); slot && slot.value() <= now && counted <= kMostCounted;
             slot = after(slot.value()), ++counted) {
            open.push_back(slot.value());
            if (open.size() > kMostCaughtUp)
                open.pop_front();
        }
        if (open.front() != due.slot) {
            const Instant oldest = counted > kMostCounted ? after(now - kPunctual).value() : open.front();
            PolicyStore::skip(
                tx, due,
                fmt::format("More than {} slots were missed; those before {} are not made up for.",
                            kMostCaughtUp, core::formatInstant(oldest)),
                now, oldest);
            return;
        }
        if (open.size() > 1)
            next = open[1];
    }
    if (TaskStore::slotExists(tx, due.agent, due.policy, due.slot)) {
        // Taken before, by another host or under another clock; those behind it are still to be looked at.
        PolicyStore::taken(tx, due.agent, due.policy, after(due.slot).value());
        return;
    }
    TaskRequest request;
    request.agent = due.agent;
    request.policy = due.policy;
    request.slot = due.slot;
    tasks_.create(tx, request);
    PolicyStore::taken(tx, due.agent, due.policy, next);
}

void Scheduler::skip(const PolicyStore::Due& due, const std::string& reason, Instant now,
                     const Fence& fence) {
    try {
        database_.transact(TenantContext(due.tenant), [&](Transaction& tx) {
            fence(tx);
            // Of the policy only what the next slot needs: the rest of its row may be what cannot be read.
            Instant next = now + kLookAgain;
            if (const auto schedule = PolicyStore::schedule(tx, due.policy))
                if (const auto slot = nextSlot(schedule->expression, schedule->timezone, now))
                    next = slot.value();
            if (TaskStore::slotExists(tx, due.agent, due.policy, due.slot)) // another host was faster
                PolicyStore::taken(tx, due.agent, due.policy, next);
            else
                PolicyStore::skip(tx, due, reason, now, next);
        });
    } catch (const core::Error& error) {
        if (isLeaseLost(error))
            throw;
        note(due.tenant, due.policy, "a skipped slot could not be recorded");
    } catch (const std::exception&) {
        note(due.tenant, due.policy, "a skipped slot could not be recorded");
    }
}

void Scheduler::realign(Instant now, const Fence& fence) {
    const core::SystemContext system("scheduler");
    std::optional<PolicyStore::Planned> last;
    for (;;) {
        const auto planned =
            database_.read(system, [&](Transaction& tx) { return PolicyStore::planned(tx, last, kBatch); });
        for (const auto& link : planned) {
            const auto next = nextSlot(link.schedule.expression, link.schedule.timezone, now);
            if (!next || (link.nextRunAt && *link.nextRunAt <= next.value()))
                continue;
            try {
                database_.transact(TenantContext(link.tenant), [&](Transaction& tx) {
                    fence(tx);
                    PolicyStore::setNextRun(tx, link.agent, link.policy, next.value());
                });
            } catch (const core::Error& error) {
                if (isLeaseLost(error))
                    throw;
                note(link.tenant, link.policy, "a schedule could not be planned again");
            }
        }
        if (planned.size() < kBatch)
            return;
        last = planned.back();
    }
}

void Scheduler::note(const core::Uuid& tenant, const core::Uuid& policy, const char* what) {
    log_.error(what, {{"tenant_id", tenant.toString()},
                      {"policy_id", policy.toString()},
                      {"error", core::describeCurrentException()}});
    if (!failure_)
        failure_ = std::current_exception();
}

} // namespace restic
