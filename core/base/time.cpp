#include "core/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace core {

namespace chr = std::chrono;

Clock::~Clock() = default;
Instant SystemClock::now() const {
    return chr::floor<microseconds>(chr::system_clock::now());
}
chr::steady_clock::time_point SystemClock::steady() const {
    return chr::steady_clock::now();
}
bool SystemClock::waitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable_any& changed,
                            const std::stop_token& stop, chr::steady_clock::time_point deadline,
                            const std::function<bool()>& done) const {
    return changed.wait_until(lock, stop, deadline, done);
}

namespace {
// Four digits are a year on the wire: what lies outside has no text that everybody reads.
constexpr Instant kFirst{chr::sys_days{chr::year{0} / 1 / 1}.time_since_epoch()};
constexpr Instant kEnd{chr::sys_days{chr::year{10000} / 1 / 1}.time_since_epoch()};
} // namespace

std::string formatInstant(Instant at) {
    at = std::clamp(at, kFirst, kEnd - milliseconds{1});
    const auto day = chr::floor<chr::days>(at);
    const chr::year_month_day date{day};
    const chr::hh_mm_ss time{chr::floor<milliseconds>(at) - day};
    return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"),
                       static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                       time.seconds().count(), time.subseconds().count());
}

namespace {
/// Exactly `width` digits at `at`, as a number; -1 if there are fewer.
int digits(std::string_view text, std::size_t at, std::size_t width) {
    if (at + width > text.size())
        return -1;
    int value = 0;
    for (const char c : text.substr(at, width)) {
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}
} // namespace

std::optional<Instant> parseInstant(std::string_view text) {
    // 2026-01-31T02:00:00[.fraction](Z|±hh:mm)
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return std::nullopt;
    const chr::year_month_day date{chr::year{year}, chr::month{static_cast<unsigned>(month)},
                                   chr::day{static_cast<unsigned>(day)}};
    if (month < 1 || day < 1 || !date.ok())
        return std::nullopt;

    std::size_t at = 19;
    std::int64_t micros = 0;
    if (text[at] == '.') {
        ++at;
        std::int64_t scale = 100000;
        const std::size_t begin = at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            micros += scale * (text[at] - '0');
            scale /= 10;
        }
        if (at == begin)
            return std::nullopt;
    }
    if (at >= text.size())
        return std::nullopt;
    chr::minutes offset{0};
    if (text[at] == 'Z' || text[at] == 'z') {
        if (at + 1 != text.size())
            return std::nullopt;
    } else if (text[at] == '+' || text[at] == '-') {
        const int hours = digits(text, at + 1, 2), minutes = digits(text, at + 4, 2);
        if (at + 6 != text.size() || text[at + 3] != ':' || hours < 0 || hours > 23 || minutes < 0 ||
            minutes > 59)
            return std::nullopt;
        offset = chr::minutes{hours * 60 + minutes} * (text[at] == '-' ? -1 : 1);
    } else {
        return std::nullopt;
    }
    const Instant instant{chr::sys_days{date}.time_since_epoch() + chr::hours{hour} + chr::minutes{minute} +
                          chr::seconds{second} + microseconds{micros} - offset};
    return instant < kFirst || instant >= kEnd ? std::nullopt : std::optional(instant);
}

namespace {
struct Unit {
    std::string_view name;
    std::int64_t millis;
};
constexpr std::array<Unit, 6> kUnits{
    {{"w", 604800000}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr std::int64_t kMaxMillis = std::int64_t{100} * 365 * 86400000;
} // namespace

std::optional<milliseconds> parseDuration(std::string_view text) {
    if (text.empty())
        return std::nullopt;
    std::int64_t total = 0;
    while (!text.empty()) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || number < 0 || text.front() == '-' || number > kMaxMillis)
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        std::size_t length = 0;
        while (length < text.size() && text[length] >= 'a' && text[length] <= 'z')
            ++length;
        const std::string_view unit = text.substr(0, length);
        text.remove_prefix(length);
        std::int64_t millis = 0;
        if (unit.empty() && total == 0 && text.empty())
            millis = 1000;
        for (const auto& known : kUnits)
            if (known.name == unit)
                millis = known.millis;
        if (millis == 0 || number > (kMaxMillis - total) / millis)
            return std::nullopt;
        total += number * millis;
    }
    return milliseconds{total};
}

std::string formatDuration(milliseconds duration) {
    std::int64_t rest = duration.count();
    if (rest == 0)
        return "0s";
    std::string text;
    for (const auto& unit : kUnits) {
        if (unit.name == "w" && rest % unit.millis != 0)
            continue;
        if (rest >= unit.millis) {
            text += fmt::format("{}{}", rest / unit.millis, unit.name);
            rest %= unit.millis;
        }
    }
    return text;
}

} // namespace core
