#include "support/slow_cron.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "core/encoding.h"

namespace test {

namespace {

using std::chrono::minutes;

const std::string kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
const std::string kWeekdays = "sunmontuewedthufrisat";

struct Field {
    std::string name;
    int low, high, highOfHash;
    std::string words;
};

int numberOf(const std::string& text, const Field& field) {
    if (text.find_first_not_of("0123456789") == std::string::npos)
        return std::stoi(text);
    return field.low + static_cast<int>(field.words.find(text) / 3);
}

std::vector<std::string> parts(const std::string& list) {
    std::vector<std::string> all;
    std::istringstream in(list);
    for (std::string part; std::getline(in, part, ',');)
        all.push_back(part);
    return all;
}

int hashed(const Field& field, const std::string& key, int count) {
    const std::string digest = core::sha256(field.name + "\n" + key);
    // Digit by digit, as by hand.
    int rest = 0;
    for (int i = 0; i < 8; ++i)
        rest = (rest * 256 + static_cast<unsigned char>(digest[static_cast<std::size_t>(i)])) % count;
    return rest;
}

void addValues(std::vector<bool>& values, const std::string& part, const Field& field,
               const std::string& key) {
    const auto slash = part.find('/');
    const int step = slash == std::string::npos ? 0 : std::stoi(part.substr(slash + 1));
    const std::string what = part.substr(0, slash);
    int first = field.low, last = field.high;
    if (what[0] == 'h') {
        last = field.highOfHash;
        if (what.size() > 1) {
            const auto dash = what.find('-');
            first = numberOf(what.substr(2, dash - 2), field);
            last = numberOf(what.substr(dash + 1, what.size() - dash - 2), field);
        }
        const int count = last - first + 1;
        first += hashed(field, key, step > 0 ? step : count);
        if (step == 0)
            last = first;
    } else if (what != "*") {
        const auto dash = what.find('-');
        first = numberOf(what.substr(0, dash), field);
        if (dash != std::string::npos)
            last = first > 0 && what.ends_with("-sun") ? 7 : numberOf(what.substr(dash + 1), field);
        else
            last = step == 0 ? first : std::max(first, field.high);
    }
    for (int value = first; value <= last; value += std::max(step, 1))
        values.at(static_cast<std::size_t>(value)) = true;
}

bool isWorkday(date::local_days day) {
    const date::weekday weekday{day};
    return weekday != date::Saturday && weekday != date::Sunday;
}
date::local_days lastOf(date::local_days day) {
    const date::year_month_day calendar{day};
    return date::local_days{calendar.year() / calendar.month() / date::last};
}
unsigned monthOf(date::local_days day) {
    return static_cast<unsigned>(date::year_month_day{day}.month());
}

/// The workday of the same month that is nearest to the day.
date::local_days nearestWorkday(date::local_days day) {
    for (const int distance : {0, -1, 1, -2, 2})
        if (const auto other = day + date::days{distance}; isWorkday(other) && monthOf(other) == monthOf(day))
            return other;
    std::abort();
}

} // namespace

SlowCron::SlowCron(const std::string& expression, const std::string& key) {
    std::string text = expression;
    for (char& c : text)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    text.erase(0, text.find_first_not_of(" \t"));
    text.erase(text.find_last_not_of(" \t") + 1);
    if (text[0] == '@')
        text = text == "@hourly"                          ? "0 * * * *"
               : text == "@weekly"                        ? "0 0 * * 0"
               : text == "@monthly"                       ? "0 0 1 * *"
               : text == "@yearly" || text == "@annually" ? "0 0 1 1 *"
                                                          : "0 0 * * *";
    std::istringstream in(text);
    const std::array<Field, 5> fields{{{"minute", 0, 59, 59, ""},
                                       {"hour", 0, 23, 23, ""},
                                       {"day of month", 1, 31, 28, ""},
                                       {"month", 1, 12, 12, kMonths},
                                       {"day of week", 0, 6, 6, kWeekdays}}};
    const std::array<std::vector<bool>*, 5> values{&minutes_, &hours_, &days_, &months_, &weekdays_};
    std::array<std::string, 5> lists;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        in >> lists.at(i);
        values.at(i)->resize(60);
        for (const auto& part : parts(lists.at(i)))
            if (i == 2 && (part[0] == 'l' || part.back() == 'w'))
                dayWords_.push_back(part);
            else if (i == 4 && (part.back() == 'l' || part.find('#') != std::string::npos))
                weekdayWords_.push_back(part);
            else
                addValues(*values.at(i), part, fields.at(i), key);
    }
    if (weekdays_[7])
        weekdays_[0] = true;
    anyHour_ = lists[1][0] == '*';
    anyDay_ = lists[2][0] == '*';
    anyWeekday_ = lists[4][0] == '*';
}

bool SlowCron::dayOfMonthFits(date::local_days day) const {
    const auto last = lastOf(day);
    const auto first =
        date::local_days{date::year_month_day{last}.year() / date::year_month_day{last}.month() / 1};
    if (days_[static_cast<std::size_t>((day - first).count() + 1)])
        return true;
    return std::any_of(dayWords_.begin(), dayWords_.end(), [&](const std::string& word) {
        if (word == "lw")
            return day == nearestWorkday(last);
        if (word[0] == 'l')
            return day == last - date::days{word == "l" ? 0 : std::stoi(word.substr(2))};
        const auto meant = first + date::days{std::stoi(word) - 1};
        return meant <= last && day == nearestWorkday(meant);
    });
}

bool SlowCron::dayOfWeekFits(date::local_days day) const {
    const auto weekday = date::weekday{day}.c_encoding();
    if (weekdays_[weekday])
        return true;
    return std::any_of(weekdayWords_.begin(), weekdayWords_.end(), [&](const std::string& word) {
        const auto hash = word.find('#');
        const auto name = word.substr(0, hash == std::string::npos ? word.size() - 1 : hash);
        if (numberOf(name, {"", 0, 6, 6, kWeekdays}) % 7 != static_cast<int>(weekday))
            return false;
        if (hash == std::string::npos)
            return monthOf(day + date::days{7}) != monthOf(day);
        const int weeks = std::stoi(word.substr(hash + 1));
        return monthOf(day - date::days{7 * (weeks - 1)}) == monthOf(day) &&
               monthOf(day - date::days{7 * weeks}) != monthOf(day);
    });
}

bool SlowCron::dayFits(date::local_days day) const {
    if (!months_[monthOf(day)])
        return false;
    if (anyDay_ || anyWeekday_)
        return dayOfMonthFits(day) && dayOfWeekFits(day);
    return dayOfMonthFits(day) || dayOfWeekFits(day);
}

bool SlowCron::timeFits(std::chrono::seconds sinceMidnight) const {
    const auto minute = static_cast<std::size_t>(sinceMidnight / minutes{1});
    return hours_[minute / 60] && minutes_[minute % 60];
}

std::optional<date::sys_seconds> SlowCron::nextElapsed(date::sys_seconds after, const date::time_zone& zone,
                                                       int days) const {
    date::sys_info info = zone.get_info(after);
    std::optional<date::local_days> known;
    bool fits = false;
    for (date::sys_seconds at = date::floor<minutes>(after) + minutes{1}; at <= after + date::days{days};) {
        if (at >= info.end)
            info = zone.get_info(at);
        const date::local_seconds local{(at + info.offset).time_since_epoch()};
        const auto day = date::floor<date::days>(local);
        if (known != day) {
            known = day;
            fits = dayFits(day);
        }
        if (fits && timeFits(local - day))
            return at;
        // Zones differ by quarters of an hour: no day begins between two of them.
        at = fits ? at + minutes{1}
                  : date::floor<minutes>(at) + minutes{15} - (at.time_since_epoch() % minutes{15});
    }
    return std::nullopt;
}

std::optional<date::sys_seconds> SlowCron::nextLocal(date::sys_seconds after, const date::time_zone& zone,
                                                     int days) const {
    // Local time runs ahead of the world's or behind it, and a change may skip a day: some days on both
    // sides.
    const auto begin = date::floor<date::days>(date::local_seconds{after.time_since_epoch()}) - date::days{2};
    std::optional<date::sys_seconds> best;
    for (auto day = begin; day <= begin + date::days{days + 4}; day += date::days{1}) {
        if (best && date::local_seconds{best->time_since_epoch()} + date::days{2} < date::local_seconds{day})
            return best;
        if (!dayFits(day))
            continue;
        for (minutes time{0}; time < date::days{1}; time += minutes{1}) {
            if (!timeFits(time))
                continue;
            const date::local_seconds local = day + time;
            const auto info = zone.get_info(local);
            const date::sys_seconds at =
                info.result == date::local_info::nonexistent
                    ? info.first.end
                    : date::sys_seconds{local.time_since_epoch()} - info.first.offset;
            if (at > after && at <= after + date::days{days} && (!best || at < *best))
                best = at;
        }
    }
    return best;
}

std::optional<date::sys_seconds> SlowCron::next(date::sys_seconds after, const date::time_zone& zone,
                                                int days) const {
    return anyHour_ ? nextElapsed(after, zone, days) : nextLocal(after, zone, days);
}

} // namespace test
