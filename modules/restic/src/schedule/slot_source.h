#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "slot.h"

namespace restic {

/// Which row of a source has slots.
struct SlotKey {
    core::Uuid tenant;
    core::Uuid owner; ///< whose schedule it is: an agent, a repository
    std::string part; ///< which of the owner's: the id of a policy, the name of an operation
};

struct DueSlot : SlotKey {
    core::Instant at;
};

/// A row with the schedule that it follows.
struct PlannedSlot : SlotKey {
    Schedule schedule;
    std::optional<core::Instant> nextRunAt;
};

/// Rows that are due at times of a schedule, as the scheduler sees them: what each of its users says of its
/// own. Every call runs in the caller's transaction.
class SlotSource {
public:
    SlotSource() = default;
    virtual ~SlotSource() = default;
    SlotSource(const SlotSource&) = delete;
    SlotSource& operator=(const SlotSource&) = delete;

    /// For the log: what the owner and the part are ids or names of.
    [[nodiscard]] virtual std::pair<std::string, std::string> keyNames() const = 0;

    /// In a system context: what is due, of any tenant, oldest first, behind `after`.
    virtual std::vector<DueSlot> due(core::db::Transaction& tx, core::Instant now,
                                     const std::optional<DueSlot>& after, int limit) const = 0;
    /// In a system context: all that have a schedule, by their keys, behind `after`.
    virtual std::vector<PlannedSlot> planned(core::db::Transaction& tx,
                                             const std::optional<PlannedSlot>& after, int limit) const = 0;

    /// What the row follows now; nullopt: nothing any more. Reads no more than that: the rest of the row may
    /// be what cannot be read.
    virtual std::optional<Schedule> schedule(core::db::Transaction& tx, const SlotKey& key) const = 0;
    virtual void plan(core::db::Transaction& tx, const SlotKey& key,
                      std::optional<core::Instant> next) const = 0;
    /// Makes what the slot is for, and plans the next one: `next`, the first after now, unless the source
    /// looks at missed ones itself. What another host has made is not made again.
    virtual void take(core::db::Transaction& tx, const DueSlot& slot, const Schedule& schedule,
                      core::Instant now, core::Instant next) const = 0;
    /// Records beside the row why the slot has made nothing, unless another host has taken it.
    virtual void skip(core::db::Transaction& tx, const DueSlot& slot, const std::string& reason,
                      core::Instant now, core::Instant next) const = 0;
};

} // namespace restic
