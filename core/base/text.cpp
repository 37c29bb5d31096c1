#include "core/text.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/encoding.h"

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

namespace {
struct Range {
    std::uint32_t from;
    std::uint32_t to;
};

template <std::size_t N>
bool isIn(const Range (&ranges)[N], std::uint32_t code) {
    return std::any_of(std::begin(ranges), std::end(ranges),
                       [&](const Range& one) { return one.from <= code && code <= one.to; });
}

/// What commands a terminal, turns the direction of writing or begins a new line.
bool isControl(std::uint32_t code) {
    constexpr Range kControls[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200e, 0x200f},
                                   {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};
    return isIn(kControls, code);
}

/// White space, and what a browser shows as nothing.
bool isInvisible(std::uint32_t code) {
    constexpr Range kBlanks[] = {{0x20, 0x20},     {0xa0, 0xa0},      {0xad, 0xad},     {0x034f, 0x034f},
                                 {0x115f, 0x1160}, {0x1680, 0x1680},  {0x17b4, 0x17b5}, {0x180b, 0x180f},
                                 {0x2000, 0x200d}, {0x202f, 0x202f},  {0x205f, 0x2065}, {0x2800, 0x2800},
                                 {0x3000, 0x3000}, {0x3164, 0x3164},  {0xfe00, 0xfe0f}, {0xffa0, 0xffa0},
                                 {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};
    return isControl(code) || isIn(kBlanks, code);
}

/// The code point of one well-formed sequence.
std::uint32_t codePointOf(std::string_view sequence) {
    const auto first = static_cast<unsigned char>(sequence.front());
    if (sequence.size() == 1)
        return first;
    std::uint32_t code = first & (0x7fU >> sequence.size());
    for (const unsigned char next : sequence.substr(1))
        code = code << 6U | (next & 0x3fU);
    return code;
}
} // namespace

std::optional<std::string> checkName(const std::string& text) {
    bool visible = false;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto length = utf8Length(rest);
        if (length == 0)
            return "must be UTF-8";
        const auto code = codePointOf(rest.substr(0, length));
        // A tab or a line's end is white space to people, who learn that first.
        if (isControl(code) && text.find_first_not_of(" \t\r\n\f\v") != std::string::npos)
            return "must not contain control characters";
        visible = visible || !isInvisible(code);
        rest.remove_prefix(length);
    }
    return visible ? std::nullopt : std::optional<std::string>("must not be blank");
}

std::optional<std::string> checkNameOrNone(const std::string& text) {
    return text.empty() ? std::nullopt : checkName(text);
}

std::string printable(std::string_view text, std::string_view kept) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto length = utf8Length(text);
        const auto sequence = text.substr(0, std::max<std::size_t>(length, 1));
        const auto code = length == 0 ? std::uint32_t{0} : codePointOf(sequence);
        text.remove_prefix(sequence.size());
        if (length == 0)
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(sequence.front()));
        else if (!isControl(code) || kept.find(sequence) != std::string_view::npos)
            out += sequence;
        else if (code == '\n')
            out += "\\n";
        else if (code == '\r')
            out += "\\r";
        else if (code == '\t')
            out += "\\t";
        else
            out += code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
    }
    return out;
}

} // namespace core
