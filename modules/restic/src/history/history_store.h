#pragma once

#include <cstdint>
#include <optional>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// What a tenant's history is made of, in the order in which it goes: what holds others first.
enum class HistoryKind {
    snapshots, ///< that were removed from their repository; by the time at which that was learnt
    logs,      ///< batches of lines
    results,   ///< parts of results with items
    runs,
    tasks,  ///< with their attempts
    checks, ///< looks at targets without agents
};

/// Rows of a tenant's history by age.
class HistoryStore {
public:
    /// The first tenant behind that one that has a history; without one, the first of all. In a system
    /// context.
    static std::optional<core::Uuid> tenantAfter(core::db::Transaction& tx,
                                                 const std::optional<core::Uuid>& tenant);

    /// Where one stands: behind the row of that time and id.
    struct Mark {
        core::Instant at;
        core::Uuid id;
    };
    struct Stretch {
        Mark to;
        std::int64_t rows = 0; ///< at most the limit
    };
    /// The next rows older than `before` and behind the mark, as the mark of the last of them; nullopt if
    /// there are none. It says nothing about which of them may go.
    static std::optional<Stretch> next(core::db::Transaction& tx, HistoryKind kind, core::Instant before,
                                       const std::optional<Mark>& after, int limit);
    /// Erases the rows of that stretch that have ended before `before`, except those that others need:
    /// the newest run of each target and policy, runs of snapshots, tasks of runs, of retries, of the last
    /// maintenance of a repository and of folders that are listed, with their items. Returns how many went.
    static std::int64_t erase(core::db::Transaction& tx, HistoryKind kind, core::Instant before,
                              const std::optional<Mark>& after, const Mark& to);
};

} // namespace restic
