#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/log.h"
#include "core/time.h"
#include "fence.h"
#include "schedule/slot_source.h"

namespace restic {

/// Takes due slots, whatever they are of. What it costs depends on what is due. A slot is taken in the
/// transaction that makes its tasks, and its source keeps a second host from making them again. Those of one
/// tenant that are due together share a transaction, as long as none of them fails.
///
/// Each slot stands for itself: one that cannot be taken is recorded beside its row with the reason, moves
/// on, and stops nobody else's.
class Scheduler {
public:
    /// Looked at later than this, a slot was missed.
    static constexpr core::seconds kPunctual{60};

    Scheduler(core::db::Database& database, const core::Clock& clock,
              std::vector<std::unique_ptr<SlotSource>> sources, core::Logger log);

    /// Between two passes.
    static constexpr core::seconds kInterval{1};

    /// Takes everything that is due; the answer is when the next slot comes, if that is within kInterval.
    /// Throws kLeaseLost at once; what else a single slot threw, only after all the others.
    std::optional<core::Instant> run(const Fence& fence = unfenced);

private:
    /// The answer as of run().
    std::optional<core::Instant> takeAll(const SlotSource& source, core::Instant now, const Fence& fence);
    /// Of one tenant. False if one of them could not be taken: then none of them is.
    bool takeTogether(const SlotSource& source, std::span<const DueSlot> slots, core::Instant now,
                      const Fence& fence);
    void takeAlone(const SlotSource& source, const DueSlot& slot, core::Instant now, const Fence& fence);
    void take(const SlotSource& source, core::db::Transaction& tx, const DueSlot& slot, core::Instant now);
    /// Records why the slot has no task and plans the next one; a failure of that is logged and left to the
    /// next pass.
    void skip(const SlotSource& source, const DueSlot& slot, const std::string& reason, core::Instant now,
              const Fence& fence);
    /// After the clock went back, and at the start: what was planned by a wrong clock is planned again.
    void realign(const SlotSource& source, core::Instant now, const Fence& fence);
    using Say = void (core::Logger::*)(std::string_view, core::LogFields) const;
    void say(Say level, const char* what, const SlotSource& source, const SlotKey& key,
             const std::string& error);
    void note(const SlotSource& source, const SlotKey& key, const char* what);

    core::db::Database& database_;
    const core::Clock& clock_;
    std::vector<std::unique_ptr<SlotSource>> sources_;
    core::Logger log_;
    std::optional<core::Instant> lastRun_;
    std::exception_ptr failure_; ///< the first of this run
};

} // namespace restic
