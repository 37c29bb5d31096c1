#include "schedule/scheduler.h"

#include <algorithm>

namespace restic {

using core::Instant;
using core::TenantContext;
using core::db::Transaction;

namespace {
constexpr int kBatch = 200;
/// Slots of one transaction: others wait no longer for the database than that takes.
constexpr std::ptrdiff_t kTogether = 50;
/// While the database fails, a slot is tried again; after so long it is the slot's own fault.
constexpr std::chrono::minutes kPatience{10};
/// A zone that is not there may come back with the next update of the machine.
constexpr std::chrono::minutes kLookAgain{5};

bool mayPass(const core::Error& error) {
    return error.name() == core::errors::kDatabase.name || error.name() == core::errors::kUnavailable.name;
}
} // namespace

Scheduler::Scheduler(core::db::Database& database, const core::Clock& clock,
                     std::vector<std::unique_ptr<SlotSource>> sources, core::Logger log)
    : database_(database), clock_(clock), sources_(std::move(sources)), log_(std::move(log)) {}

std::optional<Instant> Scheduler::run(const Fence& fence) {
    const Instant now = clock_.now();
    failure_ = nullptr;
    std::optional<Instant> next;
    for (const auto& source : sources_) {
        if (!lastRun_ || now < *lastRun_)
            realign(*source, now, fence);
        if (const auto coming = takeAll(*source, now, fence))
            next = std::min(coming, next, [](const auto& a, const auto& b) { return a && (!b || *a < *b); });
    }
    lastRun_ = now;
    if (failure_)
        std::rethrow_exception(failure_);
    return next;
}

std::optional<Instant> Scheduler::takeAll(const SlotSource& source, Instant now, const Fence& fence) {
    const core::SystemContext system("scheduler");
    std::optional<DueSlot> last;
    for (;;) {
        const auto slots = database_.read(
            system, [&](Transaction& tx) { return source.due(tx, now + kInterval, last, kBatch); });
        const auto coming = std::partition_point(slots.begin(), slots.end(),
                                                 [&](const DueSlot& slot) { return slot.at <= now; });
        for (auto first = slots.begin(); first != coming;) {
            const auto end = std::find_if(first, first + std::min(kTogether, coming - first),
                                          [&](const DueSlot& slot) { return slot.tenant != first->tenant; });
            if (end - first == 1 || !takeTogether(source, {first, end}, now, fence))
                std::for_each(first, end, [&](const DueSlot& slot) { takeAlone(source, slot, now, fence); });
            first = end;
        }
        if (coming != slots.end())
            return coming->at;
        if (slots.size() < kBatch)
            return std::nullopt;
        last = slots.back();
    }
}

bool Scheduler::takeTogether(const SlotSource& source, std::span<const DueSlot> slots, Instant now,
                             const Fence& fence) {
    try {
        database_.transact(TenantContext(slots.front().tenant), [&](Transaction& tx) {
            fence(tx);
            for (const auto& slot : slots)
                take(source, tx, slot, now);
        });
        return true;
    } catch (const core::Error& error) {
        if (isLeaseLost(error))
            throw;
        return false;
    } catch (const std::exception&) {
        return false; // each by itself says which and why
    }
}

void Scheduler::takeAlone(const SlotSource& source, const DueSlot& slot, Instant now, const Fence& fence) {
    try {
        database_.transact(TenantContext(slot.tenant), [&](Transaction& tx) {
            fence(tx);
            take(source, tx, slot, now);
        });
    } catch (const core::Error& error) {
        if (isLeaseLost(error))
            throw;
        note(source, slot, "a slot could not be taken");
        if (!mayPass(error) || now - slot.at > kPatience)
            skip(source, slot, error.what(), now, fence);
    } catch (const core::db::ConstraintViolation& violation) {
        say(&core::Logger::debug, "a slot was refused by the database", source, slot, violation.what());
        skip(source, slot, "The slot could not be taken; the host's log says why.", now, fence);
    } catch (const std::exception&) {
        note(source, slot, "a slot could not be taken");
        skip(source, slot, "The slot could not be taken; the host's log says why.", now, fence);
    }
}

void Scheduler::take(const SlotSource& source, Transaction& tx, const DueSlot& slot, Instant now) {
    const auto schedule = source.schedule(tx, slot);
    if (!schedule) {
        source.plan(tx, slot, std::nullopt);
        return;
    }
    const auto following = nextSlot(*schedule, now);
    if (!following) {
        source.skip(tx, slot, following.error().what(), now, now + kLookAgain);
        say(&core::Logger::warn, "a schedule cannot be read", source, slot, following.error().what());
        return;
    }
    source.take(tx, slot, *schedule, now, following.value());
}

void Scheduler::skip(const SlotSource& source, const DueSlot& slot, const std::string& reason, Instant now,
                     const Fence& fence) {
    try {
        database_.transact(TenantContext(slot.tenant), [&](Transaction& tx) {
            fence(tx);
            Instant next = now + kLookAgain;
            if (const auto schedule = source.schedule(tx, slot))
                if (const auto following = nextSlot(*schedule, now))
                    next = following.value();
            source.skip(tx, slot, reason, now, next);
        });
    } catch (const core::Error& error) {
        if (isLeaseLost(error))
            throw;
        note(source, slot, "a skipped slot could not be recorded");
    } catch (const std::exception&) {
        note(source, slot, "a skipped slot could not be recorded");
    }
}

void Scheduler::realign(const SlotSource& source, Instant now, const Fence& fence) {
    const core::SystemContext system("scheduler");
    std::optional<PlannedSlot> last;
    for (;;) {
        const auto planned =
            database_.read(system, [&](Transaction& tx) { return source.planned(tx, last, kBatch); });
        for (const auto& row : planned) {
            const auto next = nextSlot(row.schedule, now);
            if (!next || (row.nextRunAt && *row.nextRunAt <= next.value()))
                continue;
            try {
                database_.transact(TenantContext(row.tenant), [&](Transaction& tx) {
                    fence(tx);
                    source.plan(tx, row, next.value());
                });
            } catch (const core::Error& error) {
                if (isLeaseLost(error))
                    throw;
                note(source, row, "a schedule could not be planned again");
            }
        }
        if (planned.size() < kBatch)
            return;
        last = planned.back();
    }
}

void Scheduler::say(Say level, const char* what, const SlotSource& source, const SlotKey& key,
                    const std::string& error) {
    const auto [owner, part] = source.keyNames();
    (log_.*level)(what, {{"tenant_id", key.tenant.toString()},
                         {owner, key.owner.toString()},
                         {part, key.part},
                         {"error", error}});
}

void Scheduler::note(const SlotSource& source, const SlotKey& key, const char* what) {
    say(&core::Logger::error, what, source, key, core::describeCurrentException());
    if (!failure_)
        failure_ = std::current_exception();
}

} // namespace restic
