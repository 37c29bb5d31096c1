#include "lights/missed_slots.h"

namespace restic {

bool MissedSlots::twoSince(const std::string& schedule, const std::string& timezone, core::Instant last) {
    auto [found, isNew] = known_.try_emplace(schedule + '\n' + timezone);
    auto& one = found->second;
    if (isNew) {
        auto cron = core::Cron::parse(schedule);
        one.zone = core::findTimeZone(timezone);
        if (cron && one.zone != nullptr)
            one.cron = std::move(cron).value();
    }
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
