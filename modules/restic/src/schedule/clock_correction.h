#pragma once

#include <optional>

#include "core/db/database.h"
#include "core/log.h"
#include "core/time.h"
#include "fence.h"

namespace restic {

/// What was written while the host's clock was ahead, once it is right again: nothing waits for the time that
/// was shown then, and nothing counts as good until then. The plans of schedules are the scheduler's own.
class ClockCorrection {
public:
    /// Nothing that waits waits longer.
    static constexpr std::chrono::hours kFarthest{24};
    /// What has happened cannot lie further ahead, with the clocks of several hosts.
    static constexpr std::chrono::minutes kSkew{5};

    /// `lease`: what a task gets whose agent is still to be heard of.
    ClockCorrection(core::db::Database& database, const core::Clock& clock, std::chrono::milliseconds lease,
                    core::Logger log)
        : database_(database), clock_(clock), lease_(lease), log_(std::move(log)) {}

    /// Acts at its first call and at each before which the clock went back; otherwise it costs nothing.
    void run(const Fence& fence = unfenced);

private:
    core::db::Database& database_;
    const core::Clock& clock_;
    std::chrono::milliseconds lease_;
    core::Logger log_;
    std::optional<core::Instant> lastRun_;
};

} // namespace restic
