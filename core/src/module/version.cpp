#include "module/version.h"

#include <array>
#include <charconv>

namespace core::module {

std::optional<Version> Version::parse(std::string_view text) {
    std::array<int, 3> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts[i]);
        if (error != std::errc{} || parts[i] < 0)
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.empty())
            return Version{parts[0], parts[1], parts[2]};
        if (text.front() != '.')
            return std::nullopt;
        text.remove_prefix(1);
    }
    return std::nullopt;
}

std::optional<VersionRange> VersionRange::parse(std::string_view text) {
    VersionRange range;
    if (text.size() < 3 || (text.front() != '[' && text.front() != '(') ||
        (text.back() != ']' && text.back() != ')'))
        return std::nullopt;
    range.lowIncluded_ = text.front() == '[';
    range.highIncluded_ = text.back() == ']';
    text = text.substr(1, text.size() - 2);
    const auto comma = text.find(',');
    if (comma == std::string_view::npos)
        return std::nullopt;
    const auto bound = [](std::string_view part, std::optional<Version>& out) {
        while (part.starts_with(' '))
            part.remove_prefix(1);
        while (part.ends_with(' '))
            part.remove_suffix(1);
        if (part.empty())
            return true;
        out = Version::parse(part);
        return out.has_value();
    };
    if (!bound(text.substr(0, comma), range.low_) || !bound(text.substr(comma + 1), range.high_))
        return std::nullopt;
    return range;
}

bool VersionRange::contains(const Version& version) const {
    if (low_ && (lowIncluded_ ? version < *low_ : version <= *low_))
        return false;
    return !high_ || (highIncluded_ ? version <= *high_ : version < *high_);
}

} // namespace core::module
