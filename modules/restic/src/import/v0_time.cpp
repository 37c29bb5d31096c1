#include "import/v0_time.h"

#include <string>

namespace restic {

namespace {
/// "2025-11-24 12:33:41.5 +0100 CET m=+0.1" as RFC 3339.
std::string asRfc3339(std::string text) {
    constexpr std::size_t kDate = 10;
    constexpr std::size_t kSeconds = 19;
    if (const auto monotonic = text.find(" m="); monotonic != std::string::npos)
        text.resize(monotonic);
    if (text.size() < kSeconds)
        return text;
    if (text[kDate] == ' ')
        text[kDate] = 'T';
    auto zone = text.find_first_not_of(".0123456789", kSeconds);
    if (zone == std::string::npos)
        return text + "Z";
    auto offset = text.substr(zone);
    text.resize(zone);
    offset.erase(0, offset.find_first_not_of(' '));
    if (const auto name = offset.find(' '); name != std::string::npos)
        offset.resize(name);
    constexpr std::size_t kWithoutColon = 5;
    if (offset.size() == kWithoutColon && offset.find(':') == std::string::npos)
        offset.insert(3, ":");
    return text + (offset == "UTC" ? "Z" : offset);
}
} // namespace

std::optional<core::Instant> parseV0Time(const core::json::Value& value) {
    if (const auto* text = value.string())
        return core::parseInstant(asRfc3339(*text));
    const auto* number = value.integer();
    if (number == nullptr || *number <= 0)
        return std::nullopt;
    // Seconds, thousandths, millionths or milliardths: all of them before the year 5000.
    constexpr std::int64_t kMostSeconds = 100'000'000'000;
    constexpr std::int64_t kThousand = 1000;
    std::int64_t unitsPerSecond = 1;
    for (std::int64_t microsPerUnit = 1'000'000; microsPerUnit >= 1; microsPerUnit /= kThousand) {
        if (*number / unitsPerSecond < kMostSeconds)
            return core::fromMicros(*number * microsPerUnit);
        unitsPerSecond *= kThousand;
    }
    return core::fromMicros(*number / kThousand);
}

} // namespace restic
