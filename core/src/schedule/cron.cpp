#include "core/cron.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <date/tz.h>
#include <fmt/format.h>

namespace core {

namespace {

struct FieldSpec {
    std::string_view name;
    int low;
    int high;
    std::vector<std::string_view> words; ///< names for low, low+1, …
};

const FieldSpec kMinute{"minute", 0, 59, {}};
const FieldSpec kHour{"hour", 0, 23, {}};
const FieldSpec kDay{"day of month", 1, 31, {}};
const FieldSpec kMonth{
    "month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}};
const FieldSpec kWeekday{"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}};

Error invalid(const FieldSpec& spec, std::string_view part, std::string_view why) {
    return Error(errors::kValidation, fmt::format("The schedule's {} \"{}\" {}.", spec.name, part, why));
}

std::optional<int> numberOf(const FieldSpec& spec, std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // from_chars takes a sign, a schedule does not: "0--0" is no range.
    if (error == std::errc{} && end == text.data() + text.size() && text.front() != '-')
        return value;
    std::string lower(text);
    for (char& c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (std::size_t i = 0; i < spec.words.size(); ++i)
        if (spec.words[i] == lower)
            return spec.low + static_cast<int>(i);
    return std::nullopt;
}

/// One element of a list: "*", "5", "1-5", each with an optional "/step".
template <std::size_t N>
std::optional<Error> addPart(const FieldSpec& spec, std::string_view part, std::bitset<N>& bits) {
    int step = 1;
    std::string_view range = part;
    const auto slash = part.find('/');
    if (slash != std::string_view::npos) {
        range = part.substr(0, slash);
        const auto given = numberOf(FieldSpec{spec.name, 1, spec.high, {}}, part.substr(slash + 1));
        if (!given || *given < 1 || *given > spec.high)
            return invalid(spec, part, "has a step that is no number from 1");
        step = *given;
    }
    int low = spec.low;
    int high = spec.name == kWeekday.name ? 6 : spec.high;
    if (range != "*") {
        const auto dash = range.find('-');
        const auto first = numberOf(spec, range.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : numberOf(spec, range.substr(dash + 1));
        if (!first || !last)
            return invalid(spec, part, "is neither a number nor a name");
        if (*first < spec.low || *last > spec.high || *first > spec.high || *last < spec.low)
            return invalid(spec, part, fmt::format("must be from {} to {}", spec.low, spec.high));
        if (*first > *last)
            return invalid(spec, part, "ends before it begins");
        low = *first;
        high =
            dash == std::string_view::npos && slash != std::string_view::npos ? std::max(high, low) : *last;
    }
    for (int value = low; value <= high; value += step)
        bits.set(static_cast<std::size_t>(value));
    return std::nullopt;
}

template <std::size_t N>
std::optional<Error> parseField(const FieldSpec& spec, std::string_view field, std::bitset<N>& bits) {
    for (;;) {
        const auto comma = field.find(',');
        const std::string_view part = field.substr(0, comma);
        if (part.empty())
            return invalid(spec, field, "has an empty part");
        if (auto error = addPart(spec, part, bits))
            return error;
        if (comma == std::string_view::npos)
            return std::nullopt;
        field = field.substr(comma + 1);
    }
}

std::string_view expand(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kShort{
        {{"@hourly", "0 * * * *"},
         {"@daily", "0 0 * * *"},
         {"@midnight", "0 0 * * *"},
         {"@weekly", "0 0 * * 0"},
         {"@monthly", "0 0 1 * *"},
         {"@yearly", "0 0 1 1 *"},
         {"@annually", "0 0 1 1 *"}}};
    for (const auto& [name, fields] : kShort)
        if (name == text)
            return fields;
    return text;
}

} // namespace

const date::time_zone* findTimeZone(std::string_view name) {
    // What these mean depends on the machine, or counts leap seconds.
    for (const std::string_view noZone : {"localtime", "posixrules", "Factory"})
        if (name == noZone)
            return nullptr;
    if (name.starts_with("posix/") || name.starts_with("right/"))
        return nullptr;
    try {
        return date::locate_zone(std::string(name));
    } catch (const std::runtime_error&) { // no std::bad_alloc: the zone is there then
        return nullptr;
    }
}

Result<Cron> Cron::parse(std::string_view expression) {
    std::vector<std::string_view> fields;
    std::string_view rest = expand(expression);
    while (!rest.empty()) {
        const auto begin = rest.find_first_not_of(" \t");
        if (begin == std::string_view::npos)
            break;
        rest = rest.substr(begin);
        const auto end = rest.find_first_of(" \t");
        fields.push_back(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    }
    if (fields.size() != 5)
        return Error(errors::kValidation,
                     fmt::format("The schedule \"{}\" must have five fields: minute hour day month weekday, "
                                 "like \"0 2 * * *\".",
                                 expression));
    Cron cron;
    for (auto error :
         {parseField(kMinute, fields[0], cron.minutes_), parseField(kHour, fields[1], cron.hours_),
          parseField(kDay, fields[2], cron.days_), parseField(kMonth, fields[3], cron.months_),
          parseField(kWeekday, fields[4], cron.weekdays_)})
        if (error)
            return *error;
    if (cron.weekdays_.test(7))
        cron.weekdays_.set(0);
    cron.anyHour_ = fields[1].starts_with('*');
    cron.anyDay_ = fields[2].starts_with('*');
    cron.anyWeekday_ = fields[4].starts_with('*');
    return cron;
}

bool Cron::matchesDay(int year, unsigned month, unsigned day) const {
    if (!months_.test(month))
        return false;
    const bool dayMatches = days_.test(day);
    const date::weekday weekday{date::sys_days{date::year{year} / date::month{month} / date::day{day}}};
    const bool weekdayMatches = weekdays_.test(weekday.c_encoding());
    if (anyDay_ || anyWeekday_)
        return dayMatches && weekdayMatches;
    return dayMatches || weekdayMatches;
}

std::optional<Instant> Cron::next(Instant after, const date::time_zone& zone) const {
    // A time of five digits cannot be written: what is due then never is.
    constexpr auto kEnd = date::sys_days{date::year{10000} / 1 / 1};
    const auto at = anyHour_ ? nextElapsed(after, zone) : nextLocal(after, zone);
    return at && at->time_since_epoch() < kEnd.time_since_epoch() ? at : std::nullopt;
}

namespace {
constexpr int kHorizonDays = 8 * 366;

date::sys_seconds startOf(const date::local_days& day, const date::time_zone& zone) {
    const auto info = zone.get_info(date::local_seconds{day});
    if (info.result == date::local_info::nonexistent)
        return info.first.end;
    return date::sys_seconds{date::local_seconds{day}.time_since_epoch() - info.first.offset};
}
} // namespace

std::optional<Instant> Cron::nextElapsed(Instant after, const date::time_zone& zone) const {
    using std::chrono::minutes;
    auto at = date::ceil<minutes>(date::sys_time<microseconds>{after.time_since_epoch()} + microseconds{1});
    const auto horizon = at + date::days{kHorizonDays};
    while (at < horizon) {
        const auto local = zone.to_local(date::sys_seconds{at});
        const auto day = date::floor<date::days>(local);
        const date::year_month_day date{day};
        if (!matchesDay(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                        static_cast<unsigned>(date.day()))) {
            at = date::floor<minutes>(
                std::max(startOf(day + date::days{1}, zone), date::sys_seconds{at} + minutes{1}));
            continue;
        }
        const date::hh_mm_ss time{local - date::local_seconds{day}};
        if (hours_.test(static_cast<std::size_t>(time.hours().count())) &&
            minutes_.test(static_cast<std::size_t>(time.minutes().count())))
            return Instant{microseconds{at.time_since_epoch()}};
        at += minutes{1};
    }
    return std::nullopt;
}

std::optional<Instant> Cron::nextLocal(Instant after, const date::time_zone& zone) const {
    const date::sys_time<microseconds> begin{after.time_since_epoch()};
    auto day = date::floor<date::days>(zone.to_local(date::floor<seconds>(begin)));
    for (int i = 0; i < kHorizonDays; ++i, day += date::days{1}) {
        const date::year_month_day date{day};
        if (!matchesDay(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                        static_cast<unsigned>(date.day())))
            continue;
        for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
            if (!hours_.test(hour))
                continue;
            for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
                if (!minutes_.test(minute))
                    continue;
                const date::local_seconds local{date::local_seconds{day} + std::chrono::hours{hour} +
                                                std::chrono::minutes{minute}};
                const auto info = zone.get_info(local);
                // Skipped by a change: at the moment of the change. Twice: the first of both.
                const date::sys_seconds at =
                    info.result == date::local_info::nonexistent
                        ? info.first.end
                        : date::sys_seconds{local.time_since_epoch() - info.first.offset};
                if (at > begin)
                    return Instant{microseconds{at.time_since_epoch()}};
            }
        }
    }
    return std::nullopt;
}

} // namespace core
