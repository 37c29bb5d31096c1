#include "slot.h"

#include <fmt/format.h>

#include "core/encoding.h"

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
    const auto at = nextSlot(cron.value(), *zone, schedule, after);
    if (!at)
        return core::Error(
            core::errors::kValidation,
            fmt::format(
                fmt::runtime(
                    schedule.blackouts.empty()
                        ? "The schedule \"{}\" names a date that never comes. Correct its day or month."
                        : "The schedule \"{}\" never comes outside its blackout windows. Leave a gap."),
                schedule.expression));
    return *at;
}

namespace {
/// Between nothing and the whole jitter, always the same for one key.
std::chrono::minutes delayOf(const Schedule& schedule) {
    if (schedule.jitter.count() <= 0)
        return std::chrono::minutes{0};
    const auto digest = core::sha256("jitter\n" + schedule.key);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i)
        number = number << 8U | static_cast<unsigned char>(digest[i]);
    return std::chrono::minutes(number % (static_cast<std::uint64_t>(schedule.jitter.count()) + 1));
}
} // namespace

std::optional<core::Instant> nextSlot(const core::Cron& cron, const date::time_zone& zone,
                                      const Schedule& schedule, core::Instant after) {
    const auto delay = delayOf(schedule);
    const auto plain = [&](core::Instant from) -> std::optional<core::Instant> {
        const auto at = cron.next(from - delay, zone);
        return at ? std::optional(*at + delay) : std::nullopt;
    };
    if (schedule.blackouts.empty())
        return plain(after);
    const Blackouts blackouts(schedule.blackouts, zone);
    // What was due since the windows began that `after` is in comes when they end.
    const auto begin = blackouts.beginOf(after);
    const auto due = plain(begin ? *begin - core::Instant::duration{1} : after);
    return due ? blackouts.firstFree(*due) : std::nullopt;
}

std::optional<std::string> problemOfSchedule(const Schedule& schedule) {
    const auto slot = nextSlot(schedule, core::Instant{});
    return slot ? std::nullopt : std::optional<std::string>(slot.error().what());
}

} // namespace restic
