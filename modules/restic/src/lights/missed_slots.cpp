#include "lights/missed_slots.h"

#include <fmt/format.h>

namespace restic {

bool MissedSlots::twoSince(const Schedule& schedule, core::Instant last) {
    auto* one = &known(schedule, {});
    if (one->cron && (one->cron->dependsOnKey() || schedule.jitter.count() > 0))
        one = &known(schedule, schedule.key);
    return twoSince(*one, schedule, last);
}

MissedSlots::Known& MissedSlots::known(const Schedule& schedule, const std::string& key) {
    std::string name = schedule.expression + '\n' + schedule.timezone + '\n' + key;
    if (schedule.jitter.count() > 0)
        name += fmt::format("\n{}", schedule.jitter.count());
    for (const auto& window : schedule.blackouts)
        name += fmt::format("\n{}{}{}", fmt::join(window.days, " "), window.from, window.to);
    auto [found, isNew] = known_.try_emplace(std::move(name));
    auto& one = found->second;
    if (isNew) {
        auto cron = core::Cron::parse(schedule.expression, key);
        one.zone = core::findTimeZone(schedule.timezone);
        if (cron && one.zone != nullptr)
            one.cron = std::move(cron).value();
    }
    return one;
}

bool MissedSlots::twoSince(Known& one, const Schedule& schedule, core::Instant last) const {
    if (!one.cron)
        return false;
    if (one.missed && last <= *one.missed)
        return true;
    if (one.kept && last >= *one.kept)
        return false;
    const auto first = nextSlot(*one.cron, *one.zone, schedule, last);
    const auto second = first ? nextSlot(*one.cron, *one.zone, schedule, *first) : std::nullopt;
    const bool missed = second && *second + std::chrono::hours{1} < now_;
    (missed ? one.missed : one.kept) = last;
    return missed;
}

} // namespace restic
