#include "http/conditions.h"

#include <algorithm>
#include <charconv>

#include "http/field_list.h"

namespace core::http {

namespace {
std::string_view opaque(std::string_view etag) {
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

/// Digits only; what does not fit is as large as a number can be.
std::optional<std::size_t> position(std::string_view digits) {
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return code == std::errc() ? value : static_cast<std::size_t>(-1);
}
} // namespace

bool isKnown(const Headers& headers, std::string_view etag) {
    const std::string_view field = headers.get("If-None-Match");
    if (trimBlanks(field) == "*")
        return true;
    const auto listed = fieldList(field);
    return std::any_of(listed.begin(), listed.end(),
                       [&](std::string_view one) { return opaque(one) == opaque(etag); });
}

WantedBytes wantedBytes(const Headers& headers, std::string_view etag, std::size_t size) {
    const std::string* field = headers.find("Range");
    constexpr std::string_view kUnit = "bytes=";
    if (field == nullptr || !equalNoCase(std::string_view(*field).substr(0, kUnit.size()), kUnit))
        return {};
    // Dates are never sent as validators here, so one in If-Range cannot be ours.
    if (const std::string* condition = headers.find("If-Range");
        condition != nullptr && trimBlanks(*condition) != etag)
        return {};
    const auto listed = fieldList(std::string_view(*field).substr(kUnit.size()));
    if (listed.size() != 1)
        return {};
    const std::string_view range = listed.front();
    const auto dash = range.find('-');
    if (dash == std::string_view::npos)
        return {};
    const std::string_view from = range.substr(0, dash), to = range.substr(dash + 1);
    if (from.empty()) { // the last so many
        const auto count = position(to);
        if (!count)
            return {};
        if (*count == 0 || size == 0)
            return Unsatisfiable{};
        return ByteRange{size - std::min(*count, size), size - 1};
    }
    const auto first = position(from);
    const auto last = to.empty() ? std::optional(static_cast<std::size_t>(-1)) : position(to);
    if (!first || !last || *last < *first)
        return {};
    if (*first >= size)
        return Unsatisfiable{};
    return ByteRange{*first, std::min(*last, size - 1)};
}

} // namespace core::http
