#include "slot.h"

#include <fmt/format.h>

#include "core/cron.h"

namespace restic {

core::Result<core::Instant> nextSlot(const std::string& schedule, const std::string& timezone,
                                     core::Instant after) {
    const auto cron = core::Cron::parse(schedule);
    if (!cron)
        return cron.error();
    const auto* zone = core::findTimeZone(timezone);
    if (zone == nullptr)
        return core::Error(
            core::errors::kValidation,
            fmt::format("The time zone \"{}\" is not known on this host. Install its zone data "
                        "(tzdata), or name another zone.",
                        timezone));
    const auto at = cron.value().next(after, *zone);
    if (!at)
        return core::Error(
            core::errors::kValidation,
            fmt::format("The schedule \"{}\" names a date that never comes. Correct its day or month.",
                        schedule));
    return *at;
}

std::optional<std::string> problemOfSchedule(const Schedule& schedule) {
    // A leap year's day within the eight years that a schedule is searched is found from any start.
    const auto slot = nextSlot(schedule, core::Instant{});
    return slot ? std::nullopt : std::optional<std::string>(slot.error().what());
}

} // namespace restic
