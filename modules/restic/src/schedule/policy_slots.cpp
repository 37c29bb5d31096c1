#include "schedule/policy_slots.h"

#include <deque>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "policies/policy_store.h"
#include "policies/skipped_slots.h"
#include "schedule/scheduler.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
/// More missed slots than this are not even counted.
constexpr int kMostCounted = 1000;

Uuid policyOf(const SlotKey& key) {
    return Uuid::parse(key.part).value();
}
SlotKey keyOf(const Uuid& tenant, const Uuid& agent, const Uuid& policy) {
    return {tenant, agent, policy.toString()};
}
} // namespace

std::vector<DueSlot> PolicySlots::due(Transaction& tx, Instant now, const std::optional<DueSlot>& after,
                                      int limit) const {
    std::optional<PolicyStore::Due> last;
    if (after)
        last = PolicyStore::Due{after->tenant, after->owner, policyOf(*after), after->at};
    std::vector<DueSlot> all;
    for (const auto& link : PolicyStore::due(tx, now, last, limit))
        all.push_back({keyOf(link.tenant, link.agent, link.policy), link.slot});
    return all;
}

std::vector<PlannedSlot> PolicySlots::planned(Transaction& tx, const std::optional<PlannedSlot>& after,
                                              int limit) const {
    std::optional<PolicyStore::Planned> last;
    if (after)
        last = PolicyStore::Planned{after->tenant, after->owner, policyOf(*after), {}, {}};
    std::vector<PlannedSlot> all;
    for (auto& link : PolicyStore::planned(tx, last, limit))
        all.push_back(
            {keyOf(link.tenant, link.agent, link.policy), std::move(link.schedule), link.nextRunAt});
    return all;
}

std::optional<Schedule> PolicySlots::schedule(Transaction& tx, const SlotKey& key) const {
    return AgentStore::find(tx, key.owner) ? PolicyStore::schedule(tx, key.owner, policyOf(key))
                                           : std::nullopt;
}

void PolicySlots::plan(Transaction& tx, const SlotKey& key, std::optional<Instant> next) const {
    PolicyStore::setNextRun(tx, key.owner, policyOf(key), next);
}

void PolicySlots::take(Transaction& tx, const DueSlot& slot, const Schedule& schedule, Instant now,
                       Instant next) const {
    const auto agent = slot.owner;
    const auto policyId = policyOf(slot);
    const auto policy = PolicyStore::findFor(tx, policyId, agent).value();
    const auto after = [&](Instant time) { return nextSlot(schedule, time); };
    const bool missed = now - slot.at > Scheduler::kPunctual;
    // Those from the first on up to that time, if there are any.
    const auto leaveOut = [&](Instant first, Instant until, std::string why) {
        SkippedSlots left{agent, first, first, 0, std::move(why), now};
        for (auto one = first; one <= until && left.slots < kMostCounted; one = after(one).value()) {
            left.last = one;
            ++left.slots;
        }
        if (left.slots > 0)
            SkippedSlotStore::record(tx, policyId, left);
    };
    if (missed && policy.catchUp == "none") {
        // The newest slot may still be punctual.
        const auto punctual = now - Scheduler::kPunctual;
        leaveOut(slot.at, punctual, "The server was away, and the policy makes up for nothing.");
        PolicyStore::setNextRun(tx, agent, policyId, after(punctual).value());
        return;
    }
    if (missed && policy.catchUp == "all") {
        if (!TaskStore::pending(tx, agent, policyId, "backup").empty())
            return; // one after the other, in the order of the slots
        const auto most = static_cast<std::size_t>(policy.options.catchUpMost.value_or(kMostCaughtUp));
        std::deque<Instant> open{slot.at};
        int counted = 1;
        for (auto one = after(slot.at); one && one.value() <= now && counted <= kMostCounted;
             one = after(one.value()), ++counted) {
            open.push_back(one.value());
            if (open.size() > most)
                open.pop_front();
        }
        if (open.front() != slot.at) {
            const Instant oldest =
                counted > kMostCounted ? after(now - Scheduler::kPunctual).value() : open.front();
            const auto why =
                fmt::format("More than {} slots were missed; those before {} are not made up for.", most,
                            core::formatInstant(oldest));
            leaveOut(slot.at, oldest - Instant::duration{1}, why);
            PolicyStore::skip(tx, {slot.tenant, agent, policyId, slot.at}, why, now, oldest);
            return;
        }
        if (open.size() > 1)
            next = open[1];
    }
    if (TaskStore::slotExists(tx, agent, policyId, slot.at)) {
        // Taken before, by another host or under another clock; those behind it are still to be looked at.
        PolicyStore::taken(tx, agent, policyId, after(slot.at).value());
        return;
    }
    TaskRequest request;
    request.agent = agent;
    request.policy = policyId;
    request.slot = slot.at;
    const auto task = tasks_.create(tx, request);
    if (task.slot != slot.at)
        leaveOut(slot.at, slot.at, "The backup before it still waited for its agent.");
    if (missed && next > now)
        leaveOut(after(slot.at).value(), now,
                 "The server was away, and one backup was made for all that was missed.");
    PolicyStore::taken(tx, agent, policyId, next);
}

void PolicySlots::skip(Transaction& tx, const DueSlot& slot, const std::string& reason, Instant now,
                       Instant next) const {
    const auto policy = policyOf(slot);
    if (TaskStore::slotExists(tx, slot.owner, policy, slot.at)) { // another host was faster
        PolicyStore::taken(tx, slot.owner, policy, next);
    } else {
        PolicyStore::skip(tx, {slot.tenant, slot.owner, policy, slot.at}, reason, now, next);
        SkippedSlotStore::record(tx, policy, {slot.owner, slot.at, slot.at, 1, reason, now});
    }
}

} // namespace restic
