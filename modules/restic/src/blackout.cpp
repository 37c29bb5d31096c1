#include "blackout.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <date/tz.h>

namespace restic {

namespace {
using namespace std::chrono_literals;
using LocalDay = date::local_days;

constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
/// Every gap of the windows comes within a week; a change of the clock moves it, and takes it away once.
constexpr auto kSearched = 28 * 24h;

std::optional<std::string> checkClock(const std::string& text) {
    const auto digits = [&](std::size_t at) {
        return text[at] >= '0' && text[at] <= '9' && text[at + 1] >= '0' && text[at + 1] <= '9';
    };
    constexpr std::size_t kLength = 5;
    if (text.size() != kLength || text[2] != ':' || !digits(0) || !digits(3) ||
        text.compare(0, 2, "23") > 0 || text[3] > '5')
        return "must be a time of the day as HH:MM, from 00:00 to 23:59";
    return std::nullopt;
}

std::chrono::minutes clockOf(const std::string& text) {
    int hours = 0, minutes = 0;
    std::from_chars(text.data(), text.data() + 2, hours);
    std::from_chars(text.data() + 3, text.data() + 5, minutes);
    return std::chrono::hours(hours) + std::chrono::minutes(minutes);
}

bool isOn(const BlackoutWindow& window, LocalDay day) {
    return window.days.empty() || std::find(window.days.begin(), window.days.end(),
                                            kDays[date::weekday(day).c_encoding()]) != window.days.end();
}
} // namespace

const core::wire::Type& wireType(const BlackoutWindow*) {
    static const auto type =
        core::wire::object<BlackoutWindow>("BlackoutWindow", core::wire::strict,
                                           "A part of some days in which no backup is begun by itself")
            .field("days", &BlackoutWindow::days,
                   {.doc = "On which it begins; none: every day",
                    .optional = true,
                    .maxItems = 7,
                    .oneOf = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}})
            .field("from", &BlackoutWindow::from,
                   {.doc = "HH:MM in the policy's time zone", .example = "08:00", .check = checkClock})
            .field(
                "to", &BlackoutWindow::to,
                {.doc = "HH:MM; not after `from`: on the next day", .example = "18:00", .check = checkClock})
            .build();
    return type;
}

std::optional<Blackouts::Span> Blackouts::around(core::Instant at) const {
    const auto toSys = [&](date::local_time<std::chrono::minutes> local) {
        return core::Instant(zone_.to_sys(local, date::choose::earliest));
    };
    const auto today = date::floor<date::days>(zone_.to_local(date::floor<std::chrono::seconds>(at)));
    for (const auto& window : windows_) {
        const auto from = clockOf(window.from), to = clockOf(window.to);
        for (const auto day : {today - date::days{1}, today}) {
            if (!isOn(window, day))
                continue;
            const Span span{toSys(day + from), toSys(to > from ? day + to : day + date::days{1} + to)};
            if (span.first <= at && at < span.second)
                return span;
        }
    }
    return std::nullopt;
}

std::optional<core::Instant> Blackouts::firstFree(core::Instant at) const {
    const auto most = at + kSearched;
    while (const auto span = around(at)) {
        if (span->second > most)
            return std::nullopt;
        at = span->second;
    }
    return at;
}

std::optional<core::Instant> Blackouts::beginOf(core::Instant at) const {
    std::optional<core::Instant> begin;
    const auto most = at - kSearched;
    for (auto span = around(at); span && span->first > most;
         span = around(*begin - core::Instant::duration{1}))
        begin = span->first;
    return begin;
}

} // namespace restic
