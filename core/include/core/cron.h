#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/export.h"
#include "core/time.h"

namespace date {
class time_zone;
}

namespace core {

/// The named zone of the IANA database; null if there is none of that name. Lives as long as the process.
CORE_EXPORT const date::time_zone* findTimeZone(std::string_view name);

/// A schedule of five fields (minute hour day-of-month month day-of-week) with lists, ranges, steps and
/// names, or one of @hourly @daily @midnight @weekly @monthly @yearly @annually. Day of month and day of week
/// are joined by "or" when both are restricted, as cron(8) does.
///
/// Daylight saving, as Debian's cron: a run whose local time is skipped happens at the moment of the change;
/// a local time that comes twice runs at its first; schedules whose hour is `*` follow the elapsed time.
class CORE_EXPORT Cron {
public:
    /// The error is errors::kValidation and names the field.
    static Result<Cron> parse(std::string_view expression);

    /// The first slot after `after`; nullopt if there is none within 8 years (30 February).
    [[nodiscard]] std::optional<Instant> next(Instant after, const date::time_zone& zone) const;

private:
    [[nodiscard]] bool matchesDay(int year, unsigned month, unsigned day) const;
    [[nodiscard]] std::optional<Instant> nextElapsed(Instant after, const date::time_zone& zone) const;
    [[nodiscard]] std::optional<Instant> nextLocal(Instant after, const date::time_zone& zone) const;

    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<8> weekdays_; ///< 0 = Sunday
    bool anyDay_ = false;
    bool anyWeekday_ = false;
    bool anyHour_ = false;
};

} // namespace core
