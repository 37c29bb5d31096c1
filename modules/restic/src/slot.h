#pragma once

#include <optional>
#include <string>

#include "core/error.h"
#include "core/time.h"

namespace restic {

/// When something is done.
struct Schedule {
    std::string expression; ///< five cron fields
    std::string timezone;   ///< of the IANA database
};

/// The first slot of a schedule after that time. An error where nobody can say on this machine: the time zone
/// is not in its database, or the schedule does not parse or never comes.
core::Result<core::Instant> nextSlot(const std::string& schedule, const std::string& timezone,
                                     core::Instant after);

inline core::Result<core::Instant> nextSlot(const Schedule& schedule, core::Instant after) {
    return nextSlot(schedule.expression, schedule.timezone, after);
}

/// What is wrong with a schedule for whoever sets it; nullopt if nothing. It parses and comes some day; the
/// zone must be known.
std::optional<std::string> problemOfSchedule(const Schedule& schedule);

} // namespace restic
