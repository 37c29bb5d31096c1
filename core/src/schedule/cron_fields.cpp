#include "schedule/cron_fields.h"

#include <algorithm>

namespace core {

namespace {

constexpr unsigned kSaturday = 6;

/// The workday that is nearest to the day, in the same month.
unsigned nearestWorkday(unsigned day, unsigned length, unsigned weekday) {
    if (weekday == kSaturday)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 0)
        return day < length ? day + 1 : day - 2;
    return day;
}

unsigned lengthOf(date::year_month month) {
    return static_cast<unsigned>((month / date::last).day());
}

} // namespace

DaysOfMonth CronFields::daysOf(unsigned length, unsigned firstWeekday) const {
    const auto weekdayOf = [&](unsigned day) { return (firstWeekday + day - 1) % 7; };
    DaysOfMonth byDay;
    DaysOfMonth byWeekday;
    for (unsigned day = 1; day <= length; ++day) {
        const unsigned weekday = weekdayOf(day);
        byDay[day] = days[day] || daysBeforeLast[length - day];
        byWeekday[day] = weekdays[weekday] || (day + 7 > length && lastWeekdays[weekday]) ||
                         nthWeekdays[(day + 6) / 7][weekday];
    }
    for (unsigned day = 1; day <= length; ++day)
        if (nearWorkdays[day] || (lastWorkday && day == length))
            byDay.set(nearestWorkday(day, length, weekdayOf(day)));
    return anyDay || anyWeekday ? byDay & byWeekday : byDay | byWeekday;
}

bool CronFields::comeIn(const std::bitset<13>& among) const {
    // A year begins on one of seven weekdays and is a leap year or none: there is no other year.
    constexpr std::array<unsigned, 13> kLengths{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (const unsigned leap : {0U, 1U})
        for (unsigned firstWeekday = 0; firstWeekday < 7; ++firstWeekday) {
            unsigned begin = firstWeekday;
            for (unsigned month = 1; month <= 12; ++month) {
                const unsigned length = kLengths[month] + (month == 2 ? leap : 0);
                if (among[month] && daysOf(length, begin % 7).any())
                    return true;
                begin += length;
            }
        }
    return false;
}

std::optional<date::local_seconds> CronFields::firstMinute(date::local_seconds from,
                                                           date::local_seconds end) const {
    const auto firstDay = date::floor<date::days>(from);
    const date::year_month_day begin{firstDay};
    for (auto month = begin.year() / begin.month(); date::local_days{month / 1} < end;
         month += date::months{1}) {
        if (!months[static_cast<unsigned>(month.month())])
            continue;
        const date::local_days monthBegin{month / 1};
        const unsigned length = lengthOf(month);
        const auto matching = daysOf(length, date::weekday{monthBegin}.c_encoding());
        for (unsigned day = 1; day <= length; ++day) {
            const auto today = monthBegin + date::days{day - 1};
            if (!matching[day] || today < firstDay)
                continue;
            for (std::size_t hour = 0; hour < hours.size(); ++hour) {
                const auto thisHour = date::local_seconds{today} + std::chrono::hours{hour};
                if (!hours[hour] || thisHour + std::chrono::hours{1} <= from)
                    continue;
                for (std::size_t minute = 0; minute < minutes.size(); ++minute)
                    if (const auto at = thisHour + std::chrono::minutes{minute};
                        minutes[minute] && at >= from)
                        return at < end ? std::optional(at) : std::nullopt;
            }
        }
    }
    return std::nullopt;
}

} // namespace core
