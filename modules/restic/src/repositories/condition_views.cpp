#include "repositories/condition_views.h"

#include "agents/agent_store.h"
#include "repositories/maintenance_store.h"
#include "repositories/size_store.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_kinds.h"

namespace restic {

using core::db::Transaction;
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
/// restic itself takes a lock of that age for one that nobody holds.
constexpr std::chrono::minutes kStale{30};

/// An unlock tells who is left, as a look at the locks does: the later one counts.
std::optional<Maintenance> newestLook(Transaction& tx, const core::Uuid& repository) {
    std::optional<Maintenance> newest;
    for (auto& last : MaintenanceStore::of(tx, {repository}))
        if ((last.kind == protocol::kinds::locks.name || last.kind == protocol::kinds::unlock.name) &&
            last.result.find("lock_count") != nullptr && (!newest || newest->endedAt < last.endedAt))
            newest = std::move(last);
    return newest;
}

} // namespace

LocksView LocksView::of(Transaction& tx, const core::Uuid& repository) {
    LocksView view;
    const auto look = newestLook(tx, repository);
    const auto read = look ? core::wire::read<protocol::LocksResult>(look->result)
                           : core::wire::read<protocol::LocksResult>(core::json::Object());
    if (!look || !read)
        return view;
    view.readAt = look->endedAt;
    view.taskId = look->task;
    view.count = static_cast<std::int64_t>(read.value().lockCount.value_or(0));
    for (const auto& lock : read.value().locks) {
        const auto agent = AgentStore::findByHostname(tx, lock.hostname);
        view.locks.push_back({lock.id, lock.exclusive, lock.hostname, lock.username, lock.pid, lock.time,
                              agent ? std::optional(agent->id) : std::nullopt,
                              lock.time && look->endedAt - *lock.time > kStale});
    }
    return view;
}

const Type& wireType(const LockView*) {
    static const auto type =
        object<LockView>("Lock", tolerant, "A lock that a restic holds in a repository, or has left there")
            .field("id", &LockView::id)
            .field("exclusive", &LockView::exclusive, {.doc = "Nobody else may save or remove anything"})
            .field("hostname", &LockView::hostname)
            .field("username", &LockView::username)
            .field("pid", &LockView::pid)
            .field("renewed_at", &LockView::renewedAt,
                   {.doc = "When its holder was last known to live; restic renews a lock every five minutes"})
            .field("agent_id", &LockView::agentId, {.doc = "The agent of that machine"})
            .field("stale", &LockView::stale,
                   {.doc = "Older than half an hour when it was read: an unlock removes it"})
            .build();
    return type;
}

const Type& wireType(const LocksView*) {
    static const auto type =
        object<LocksView>("Locks", tolerant, "Who held a repository when an agent looked last")
            .field("read_at", &LocksView::readAt, {.doc = "Null: no agent has looked yet"})
            .field("task_id", &LocksView::taskId, {.doc = "The task that looked"})
            .field("count", &LocksView::count)
            .field("locks", &LocksView::locks, {.doc = "The first twenty"})
            .build();
    return type;
}

const Type& wireType(const SizeQuery*) {
    constexpr auto kMostDays = std::chrono::duration_cast<std::chrono::days>(SizeStore::kKept).count();
    static const auto type =
        object<SizeQuery>("SizeQuery", strict)
            .field("days", &SizeQuery::days,
                   {.doc = "How far back from today", .optional = true, .min = 1, .max = kMostDays})
            .build();
    return type;
}

const Type& wireType(const SizeView*) {
    static const auto type = object<SizeView>("RepositorySize", tolerant)
                                 .field("counted_at", &SizeView::countedAt)
                                 .field("size_bytes", &SizeView::sizeBytes)
                                 .build();
    return type;
}

const Type& wireType(const SizesView*) {
    static const auto type =
        object<SizesView>("RepositorySizes", tolerant,
                          "What a repository took up: the last count of each day that has one")
            .field("items", &SizesView::items, {.doc = "Oldest first"})
            .build();
    return type;
}

} // namespace restic
