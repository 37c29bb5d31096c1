#include "restic/cli/json_message.h"

#include <cctype>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/line_splitter.h"

namespace restic::cli::json {
namespace {
constexpr std::size_t kMaxKept = 4096;

/// The same document in a form that the strict parser takes.
std::string mended(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    bool inString = false;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const auto length = core::utf8Length(text.substr(i));
        if (length == 0) {
            if (inString)
                out += fmt::format("\\\\x{:02x}", static_cast<unsigned char>(c));
            ++i;
        } else if (length > 1) {
            out += text.substr(i, length);
            i += length;
        } else if (inString && c == '\\' && i + 1 < text.size()) {
            const auto escape = text.substr(i, 6);
            out += escape == "\\u0000" ? std::string_view("\\ufffd") : text.substr(i, 2);
            i += escape == "\\u0000" ? 6 : 2;
        } else if (inString && static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
            ++i;
        } else if (!inString && std::isdigit(static_cast<unsigned char>(c)) != 0) {
            auto end = i;
            while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0)
                ++end;
            const auto digits = text.substr(i, end - i);
            const bool fraction =
                end < text.size() && (text[end] == '.' || text[end] == 'e' || text[end] == 'E');
            constexpr std::size_t kAlwaysFits = 18;
            constexpr std::size_t kMostOfDouble = 300;
            if (digits.size() > kMostOfDouble)
                out += "1e300";
            else
                out += digits;
            if (!fraction && digits.size() > kAlwaysFits && digits.size() <= kMostOfDouble)
                out += ".0";
            i = end;
        } else {
            inString = inString != (c == '"');
            if (c != '\0')
                out += c;
            ++i;
        }
    }
    return out;
}

/// The text of a member in a document that cannot be parsed: up to its closing quote, or to the end.
std::optional<std::string> textOf(std::string_view document, std::string_view name) {
    const auto key = fmt::format("\"{}\":\"", name);
    const auto at = document.find(key);
    if (at == std::string_view::npos)
        return std::nullopt;
    auto rest = document.substr(at + key.size());
    if (rest.ends_with(core::LineSplitter::kCutMarker))
        rest.remove_suffix(core::LineSplitter::kCutMarker.size());
    std::string out;
    for (std::size_t i = 0; i < rest.size() && rest[i] != '"' && out.size() < kMaxKept; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size())
            ++i;
        out += rest[i];
    }
    return out;
}
} // namespace

std::optional<core::json::Value> read(std::string_view text) {
    const auto first = text.find_first_of("{[");
    if (first == std::string_view::npos || text.find_first_not_of(" \t\r\v\f\xef\xbb\xbf") < first)
        return std::nullopt;
    const auto document = mended(text.substr(first));
    core::json::ParseLimits limits;
    limits.maxBytes = kMaxLine * 4;
    if (auto parsed = core::json::parse(document, limits))
        return std::move(parsed).value();
    core::json::Object known;
    for (const auto* name : {"message_type", "item", "message", "snapshot_id"})
        if (auto value = textOf(document, name))
            known.set(name, std::move(*value));
    if (known.find("message_type") == nullptr)
        return std::nullopt;
    return core::json::Value(std::move(known));
}

std::optional<std::uint64_t> count(const core::json::Value& message, std::string_view name) {
    const auto* value = message.find(name);
    if (value == nullptr)
        return std::nullopt;
    if (const auto* integer = value->integer())
        return *integer >= 0 ? std::optional(static_cast<std::uint64_t>(*integer)) : std::nullopt;
    const auto number = value->number();
    if (!number || std::isnan(*number) || *number < 0)
        return std::nullopt;
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    return *number >= static_cast<double>(kMost) ? static_cast<std::uint64_t>(kMost)
                                                 : static_cast<std::uint64_t>(*number);
}

} // namespace restic::cli::json
