#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include <date/date.h>

#include "core/error.h"

namespace core {

/// Days of a month, day n as bit n.
using DaysOfMonth = std::bitset<32>;

/// What the five fields of a schedule name, without a time zone.
struct CronFields {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<13> months;

    std::bitset<32> days;
    std::bitset<31> daysBeforeLast; ///< L is bit 0, L-3 is bit 3
    std::bitset<32> nearWorkdays;   ///< 15W is bit 15
    bool lastWorkday = false;       ///< LW

    std::bitset<7> weekdays;                   ///< Sunday is bit 0
    std::bitset<7> lastWeekdays;               ///< 5L
    std::array<std::bitset<7>, 6> nthWeekdays; ///< fri#2 is bit 5 of the second; the one at 0 stays empty

    bool anyHour = false; ///< these fields begin with *
    bool anyDay = false;
    bool anyWeekday = false;
    bool keyed = false; ///< an H stands in one of them

    /// The days that match in a month of so many days which begins on that weekday, whichever month it is.
    [[nodiscard]] DaysOfMonth daysOf(unsigned length, unsigned firstWeekday) const;
    /// Whether there is such a day in one of these months, in any year.
    [[nodiscard]] bool comeIn(const std::bitset<13>& among) const;
    /// The first minute that matches, not before `from` and before `end`, by the calendar alone.
    [[nodiscard]] std::optional<date::local_seconds> firstMinute(date::local_seconds from,
                                                                 date::local_seconds end) const;
};

/// The fields of an expression whose H are made from the key. The error is errors::kValidation and names the
/// field.
Result<CronFields> parseCronFields(std::string_view expression, std::string_view key);

} // namespace core
