#pragma once

#include <optional>
#include <string>
#include <vector>

#include <date/tz.h>

namespace test {

/// Schedules a second time, slow and obvious: what docs/schedules.md says, minute by minute. Only for
/// expressions that core::Cron::parse() took.
class SlowCron {
public:
    SlowCron(const std::string& expression, const std::string& key);

    /// The first slot behind `after`, where it is within so many days.
    [[nodiscard]] std::optional<date::sys_seconds> next(date::sys_seconds after, const date::time_zone& zone,
                                                        int days) const;

private:
    [[nodiscard]] bool dayFits(date::local_days day) const;
    [[nodiscard]] bool dayOfMonthFits(date::local_days day) const;
    [[nodiscard]] bool dayOfWeekFits(date::local_days day) const;
    [[nodiscard]] bool timeFits(std::chrono::seconds sinceMidnight) const;
    [[nodiscard]] std::optional<date::sys_seconds> nextElapsed(date::sys_seconds after,
                                                               const date::time_zone& zone, int days) const;
    [[nodiscard]] std::optional<date::sys_seconds> nextLocal(date::sys_seconds after,
                                                             const date::time_zone& zone, int days) const;

    /// What the field names without such words, by value.
    std::vector<bool> minutes_, hours_, days_, months_, weekdays_;

    std::vector<std::string> dayWords_, weekdayWords_; ///< those with L, W and #, in small letters
    bool anyHour_, anyDay_, anyWeekday_;
};

} // namespace test
