#pragma once

#include "restic/protocol/result_items.h"
#include "tasks/kinds/kind.h"
#include "tasks/result_store.h"

namespace restic {

/// Takes items of results: each once, in order, checked by the type that the kind declares. Stateless but for
/// its limit; thread-safe.
class TaskResults {
public:
    /// `mostBytes`: of one task's items.
    explicit TaskResults(std::int64_t mostBytes) : mostBytes_(mostBytes) {}

    /// Stores what is new of the part of the task's present attempt, and tells its kind. A gap is refused by
    /// storing nothing: the agent sends again from there. Throws kResultTooLarge, storing nothing.
    protocol::ResultAck take(core::db::Transaction& tx, const Task& task, const KindOfTask& kind,
                             const protocol::ResultPart& part, core::Instant now) const;
    /// The same for items that an agent of an earlier version put into its report.
    void takeFromReport(core::db::Transaction& tx, const Task& task, const KindOfTask& kind,
                        const core::json::Array& items, core::Instant now) const;

    /// Whether exactly those are held that the report names. Items that are others, or more, are held no
    /// longer after that: all of them are to be sent again.
    static bool holds(core::db::Transaction& tx, const Task& task, const protocol::ResultItems& named);

private:
    std::int64_t mostBytes_;
};

} // namespace restic
