#include "restic/cli/version.h"

#include <charconv>

#include "core/json.h"

namespace restic::cli {
namespace {
std::optional<ResticVersion> parseNumbers(std::string_view text) {
    ResticVersion version;
    int* const parts[] = {&version.major, &version.minor, &version.patch};
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (std::size_t i = 0; i < 3; ++i) {
        const auto [next, error] = std::from_chars(at, end, *parts[i]);
        if (error != std::errc{})
            return std::nullopt;
        at = next;
        if (i < 2 && (at == end || *at++ != '.'))
            return std::nullopt;
    }
    return version;
}
} // namespace

std::string ResticVersion::toString() const {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<ResticVersion> parseResticVersion(std::string_view output) {
    if (output.starts_with('{')) {
        const auto document = core::json::parse(output.substr(0, output.find('\n')));
        return document ? parseNumbers(document.value().stringOr("version")) : std::nullopt;
    }
    constexpr std::string_view kPrefix = "restic ";
    if (!output.starts_with(kPrefix))
        return std::nullopt;
    return parseNumbers(output.substr(kPrefix.size()));
}

} // namespace restic::cli
