#include "slot.h"

#include <fmt/format.h>

#include "core/cron.h"

namespace restic {

std::string slotKey(const core::Uuid& owner, std::string_view part) {
    return fmt::format("{}/{}", owner.toString(), part);
}

core::Result<core::Instant> nextSlot(const Schedule& schedule, core::Instant after) {
    const auto cron = core::Cron::parse(schedule.expression, schedule.key);
    if (!cron)
        return cron.error();
    const auto* zone = core::findTimeZone(schedule.timezone);
    if (zone == nullptr)
        return core::Error(
            core::errors::kValidation,
            fmt::format("The time zone \"{}\" is not known on this host. Install its zone data "
                        "(tzdata), or name another zone.",
                        schedule.timezone));
    const auto at = cron.value().next(after, *zone);
    if (!at)
        return core::Error(
            core::errors::kValidation,
            fmt::format("The schedule \"{}\" names a date that never comes. Correct its day or month.",
                        schedule.expression));
    return *at;
}

std::optional<std::string> problemOfSchedule(const std::string& expression, const std::string& timezone) {
    const auto slot = nextSlot({expression, timezone, {}}, core::Instant{});
    return slot ? std::nullopt : std::optional<std::string>(slot.error().what());
}

} // namespace restic
