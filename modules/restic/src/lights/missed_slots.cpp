#include "lights/missed_slots.h"

namespace restic {

bool MissedSlots::twoSince(const Schedule& schedule, core::Instant last) {
    auto* one = &known(schedule, {});
    if (one->cron && one->cron->dependsOnKey())
        one = &known(schedule, schedule.key);
    return twoSince(*one, last);
}

MissedSlots::Known& MissedSlots::known(const Schedule& schedule, const std::string& key) {
    auto [found, isNew] = known_.try_emplace(schedule.expression + '\n' + schedule.timezone + '\n' + key);
    auto& one = found->second;
    if (isNew) {
        auto cron = core::Cron::parse(schedule.expression, key);
        one.zone = core::findTimeZone(schedule.timezone);
        if (cron && one.zone != nullptr)
            one.cron = std::move(cron).value();
    }
    return one;
}

bool MissedSlots::twoSince(Known& one, core::Instant last) const {
    if (!one.cron)
        return false;
    if (one.missed && last <= *one.missed)
        return true;
    if (one.kept && last >= *one.kept)
        return false;
    const auto first = one.cron->next(last, *one.zone);
    const auto second = first ? one.cron->next(*first, *one.zone) : std::nullopt;
    const bool missed = second && *second + std::chrono::hours{1} < now_;
    (missed ? one.missed : one.kept) = last;
    return missed;
}

} // namespace restic
