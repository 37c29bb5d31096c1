#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cron.h"
#include "core/time.h"

namespace test {

/// The next `count` slots of a schedule, as text with minutes; fewer where it ends.
inline std::vector<std::string> slotsOf(std::string_view schedule, std::string_view zone,
                                        std::string_view after, int count, std::string_view key = "") {
    const auto cron = core::Cron::parse(schedule, key).value();
    std::vector<std::string> all;
    auto from = core::parseInstant(after).value();
    for (int i = 0; i < count; ++i) {
        const auto next = cron.next(from, *core::findTimeZone(zone));
        if (!next)
            break;
        all.push_back(core::formatInstant(*next).substr(0, 16));
        from = *next;
    }
    return all;
}

} // namespace test
