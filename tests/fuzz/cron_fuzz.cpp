// Schedules: next() against a reading of the five fields minute by minute. The moment and the zone come from
// the input's bytes.
#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include <date/tz.h>

#include "core/cron.h"
#include "fuzz/oracle.h"

using namespace core;
using fuzz::require;

namespace {

constexpr std::array kZones = {"UTC",          "Europe/Berlin",    "America/New_York", "Australia/Lord_Howe",
                               "Asia/Kolkata", "America/St_Johns", "Pacific/Apia",     "America/Sao_Paulo"};
constexpr int kWindowDays = 3;

/// One field by the words of crontab(5); an expression that parse() took is assumed.
std::set<int> valuesOf(const std::string& field, int low, int high, const std::string& words) {
    const auto number = [&](std::string text) {
        if (text.find_first_not_of("0123456789") == std::string::npos)
            return std::stoi(text);
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        return low + static_cast<int>(words.find(text) / 3);
    };
    std::set<int> values;
    std::istringstream list(field);
    for (std::string part; std::getline(list, part, ',');) {
        const auto slash = part.find('/');
        const int step = slash == std::string::npos ? 1 : std::stoi(part.substr(slash + 1));
        const std::string range = part.substr(0, slash);
        const auto dash = range.find('-');
        int first = low, last = high;
        if (range != "*") {
            first = number(range.substr(0, dash));
            if (dash != std::string::npos)
                last = number(range.substr(dash + 1));
            else
                last = slash == std::string::npos ? first : std::max(first, high);
        }
        for (int value = first; value <= last; value += step)
            values.insert(value);
    }
    return values;
}

struct Reference {
    std::set<int> minutes, hours, days, months, weekdays;
    bool anyHour, anyDay, anyWeekday;

    explicit Reference(std::string expression) {
        if (expression.starts_with('@'))
            expression = expression == "@hourly"                                ? "0 * * * *"
                         : expression == "@weekly"                              ? "0 0 * * 0"
                         : expression == "@monthly"                             ? "0 0 1 * *"
                         : expression == "@yearly" || expression == "@annually" ? "0 0 1 1 *"
                                                                                : "0 0 * * *";
        std::istringstream in(expression);
        std::array<std::string, 5> field;
        for (std::string& one : field)
            in >> one;
        minutes = valuesOf(field[0], 0, 59, "");
        hours = valuesOf(field[1], 0, 23, "");
        days = valuesOf(field[2], 1, 31, "");
        months = valuesOf(field[3], 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec");
        weekdays = valuesOf(field[4], 0, 6, "sunmontuewedthufrisat"); // 7 only where it is written
        if (weekdays.contains(7))
            weekdays.insert(0);
        anyHour = field[1][0] == '*';
        anyDay = field[2][0] == '*';
        anyWeekday = field[4][0] == '*';
    }

    [[nodiscard]] bool matches(date::local_seconds local) const {
        const auto day = date::floor<date::days>(local);
        const date::year_month_day calendar{day};
        const date::hh_mm_ss time{local - date::local_seconds{day}};
        const bool dayFits = days.contains(static_cast<int>(static_cast<unsigned>(calendar.day())));
        const bool weekdayFits = weekdays.contains(static_cast<int>(date::weekday{day}.c_encoding()));
        return minutes.contains(static_cast<int>(time.minutes().count())) &&
               hours.contains(static_cast<int>(time.hours().count())) &&
               months.contains(static_cast<int>(static_cast<unsigned>(calendar.month()))) &&
               (anyDay || anyWeekday ? dayFits && weekdayFits : dayFits || weekdayFits);
    }

    /// The first slot after `after`, if it is within the window.
    [[nodiscard]] std::optional<date::sys_seconds> next(date::sys_seconds after,
                                                        const date::time_zone& zone) const {
        using std::chrono::minutes;
        const auto end = after + date::days{kWindowDays};
        std::optional<date::sys_seconds> best;
        if (anyHour) {
            for (auto at = date::floor<minutes>(after) + minutes{1}; at <= end; at += minutes{1})
                if (matches(zone.to_local(date::sys_seconds{at})))
                    return at;
            return best;
        }
        // A day more on both sides: local time runs ahead of or behind the world's.
        const date::local_seconds begin{date::floor<minutes>(after).time_since_epoch() - date::days{2}};
        for (auto local = begin; local < begin + date::days{kWindowDays + 4}; local += minutes{1}) {
            if (!matches(local))
                continue;
            const auto info = zone.get_info(local);
            const auto at = info.result == date::local_info::nonexistent
                                ? info.first.end
                                : date::sys_seconds{local.time_since_epoch() - info.first.offset};
            if (at > after && at <= end && (!best || at < *best))
                best = at;
        }
        return best;
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto cron = Cron::parse(input);
    if (!cron) {
        require(cron.error().name() == errors::kValidation.name, "one kind of refusal");
        return 0;
    }
    const Reference reference{std::string(input)};
    fuzz::Numbers numbers(input);
    const date::time_zone& zone = *findTimeZone(kZones[numbers.below(kZones.size())]);
    // From 1990 to 2060.
    auto after = date::sys_seconds{std::chrono::seconds{631152000 + numbers.below(2208988800U)}};
    for (int i = 0; i < 3; ++i) {
        const auto next = cron.value().next(Instant{microseconds{after.time_since_epoch()}}, zone);
        const auto expected = reference.next(after, zone);
        if (!next || next->time_since_epoch() > after.time_since_epoch() + date::days{kWindowDays}) {
            require(!expected, "no slot is passed over");
            if (!next)
                return 0;
        } else {
            require(expected && next->time_since_epoch() == expected->time_since_epoch(), "the first slot");
        }
        require(next->time_since_epoch() > after.time_since_epoch(), "slots rise");
        after = date::sys_seconds{std::chrono::duration_cast<std::chrono::seconds>(next->time_since_epoch())};
    }
    return 0;
}
