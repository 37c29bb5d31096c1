#include "http/field_line.h"

#include <algorithm>

#include "http/field_list.h"

namespace core::http {

namespace {
bool isTokenChar(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return kOthers.find(c) != std::string_view::npos;
}

/// Visible ASCII, blanks and bytes above ASCII; no control characters.
bool isFieldValue(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return c == '\t' || (u >= 0x20 && u != 0x7F);
    });
}
} // namespace

bool isToken(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), isTokenChar);
}

FieldLine readFieldLine(std::string_view line) noexcept {
    if (line.starts_with(' ') || line.starts_with('\t'))
        return {{}, {}, "A header field must not be folded over several lines."};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon)))
        return {{}, {}, "A header field must be a name directly followed by a colon."};
    const std::string_view value = trimBlanks(line.substr(colon + 1));
    if (!isFieldValue(value))
        return {{}, {}, "A header field contains a control character."};
    return {line.substr(0, colon), value};
}

} // namespace core::http
