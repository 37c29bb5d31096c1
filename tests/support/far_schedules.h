#pragma once

#include <chrono>
#include <string>

#include <fmt/format.h>

#include "core/json.h"
#include "core/time.h"

/// Schedules that no test lives to see: one that came due by the real clock would meet what a test expects.
namespace test {

/// Once a year at two in the morning, half a year from now.
inline std::string farSchedule() {
    using namespace std::chrono;
    const year_month_day date(floor<days>(core::SystemClock().now()) + days(180));
    return fmt::format("0 2 {} {} *", static_cast<unsigned>(date.day()), static_cast<unsigned>(date.month()));
}

/// The same for everything that a repository has a schedule for: its field `maintenance`.
inline core::json::Object farMaintenance() {
    core::json::Object all;
    for (const auto* operation : {"forget", "prune", "check", "stats", "verify"})
        all.set(std::string(operation) + "_schedule", farSchedule());
    return all;
}

} // namespace test
