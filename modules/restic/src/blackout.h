#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"
#include "core/wire.h"

namespace date {
class time_zone;
}

namespace restic {

/// A part of some days in which nothing is begun by itself.
struct BlackoutWindow {
    /// "mon" to "sun", on which it begins; none: every day.
    std::vector<std::string> days;
    /// "HH:MM" of the schedule's zone. Where it ends before it begins, it ends on the next day; where both
    /// are the same, a day later.
    std::string from, to;
};
const core::wire::Type& wireType(const BlackoutWindow*);

/// The windows of one schedule, at one place of the earth. Where a window's edge is skipped by daylight
/// saving it is at the moment of the change; where it comes twice, at its first.
class Blackouts {
public:
    /// `windows` are valid ones; `zone` lives as long as this object.
    Blackouts(const std::vector<BlackoutWindow>& windows, const date::time_zone& zone)
        : windows_(windows), zone_(zone) {}

    /// The moment from which on something may begin: `at` itself, or the end of the window that it is in, and
    /// of those that follow without a gap. Nullopt if no such gap comes within four weeks.
    [[nodiscard]] std::optional<core::Instant> firstFree(core::Instant at) const;
    /// The beginning of the windows without a gap that `at` is in; nullopt if it is in none.
    [[nodiscard]] std::optional<core::Instant> beginOf(core::Instant at) const;

private:
    using Span = std::pair<core::Instant, core::Instant>; ///< the first moment within, and the first after it
    [[nodiscard]] std::optional<Span> around(core::Instant at) const;

    const std::vector<BlackoutWindow>& windows_;
    const date::time_zone& zone_;
};

} // namespace restic
