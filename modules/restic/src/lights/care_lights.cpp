#include "lights/care_lights.h"

#include <fmt/format.h>

namespace restic {

namespace {
std::string daysSince(core::Instant then, core::Instant now) {
    const auto days = std::chrono::duration_cast<std::chrono::hours>(now - then).count() / 24;
    return days == 1 ? std::string("1 day") : fmt::format("{} days", days);
}
} // namespace

Light judgeCare(const CareFacts& facts, const CareReasons& reasons, MissedSlots& slots) {
    Light light;
    if (!facts.since)
        return light;
    light.at = facts.goodAt;
    if (facts.goodTask)
        light.evidence = Evidence{"task", facts.goodTask->toString()};
    const auto last = facts.goodAt.value_or(*facts.since);
    const bool isLate = facts.schedule && slots.twoSince(*facts.schedule, last);
    const bool hasFailed = facts.task && !facts.good;
    if (!isLate && !hasFailed && !facts.held) {
        light.state = facts.goodAt ? "ok" : facts.schedule ? "unknown" : "none";
        if (light.state == "unknown") {
            light.reason = "NotYet";
            light.message = "It has not been due yet.";
        }
        return light;
    }
    light.state = isLate && slots.now() - last > reasons.badAfter ? "bad" : "warning";
    if (hasFailed) {
        light.reason = reasons.failed;
        light.message = facts.message.value_or("The last one failed.");
        light.evidence = Evidence{"task", facts.task->toString()};
    } else if (facts.held) {
        light.reason = reasons.held;
        light.message = facts.held;
    } else {
        light.reason = reasons.overdue;
        light.message = facts.problem.value_or("It is overdue.");
    }
    if (isLate)
        *light.message += facts.goodAt
                              ? fmt::format(" The last good one was {} ago.", daysSince(last, slots.now()))
                              : fmt::format(" There was none in {}.", daysSince(last, slots.now()));
    return light;
}

} // namespace restic
