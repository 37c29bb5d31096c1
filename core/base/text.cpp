#include "core/text.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace core {

std::string formatBytes(std::uint64_t bytes) {
    constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024)
        return fmt::format("{} B", bytes);
    double size = static_cast<double>(bytes);
    int unit = 0;
    while (size >= 1024 && unit < 6) {
        size /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", size, size >= 100 ? 0 : size >= 10 ? 1 : 2, kUnits[unit]);
}

std::string withoutUrlPasswords(std::string_view text) {
    std::string clean;
    for (;;) {
        const auto scheme = text.find("://");
        if (scheme == std::string_view::npos)
            return clean.append(text);
        const auto from = scheme + 3;
        const auto authority = text.substr(from, text.find_first_of("/?# \t\r\n\"'<>", from) - from);
        // A password may hold an @ that nobody encoded: the last one ends it.
        const auto at = authority.rfind('@');
        const auto colon = authority.substr(0, at).find(':');
        if (at == std::string_view::npos || colon == std::string_view::npos) {
            clean.append(text.substr(0, from));
            text.remove_prefix(from);
            continue;
        }
        clean.append(text.substr(0, from + colon + 1)).append("***");
        text.remove_prefix(from + at);
    }
}

std::optional<std::string> checkNotBlank(const std::string& text) {
    // ASCII white space, and the blanks of Unicode that a browser shows as nothing.
    constexpr std::string_view kBlanks[] = {" ",  "\t",       "\n",           "\r",          "\f",
                                            "\v", "\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\x8B"};
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto* blank = std::find_if(std::begin(kBlanks), std::end(kBlanks),
                                         [&](auto one) { return rest.starts_with(one); });
        if (blank == std::end(kBlanks))
            return std::nullopt;
        rest.remove_prefix(blank->size());
    }
    return "must not be blank";
}

} // namespace core
