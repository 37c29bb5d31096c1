#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace core::module {

/// A version like 1.4.2; missing parts are 0. Pre-release parts are not supported.
struct Version {
    int major = 0, minor = 0, patch = 0;
    auto operator<=>(const Version&) const = default;
    [[nodiscard]] static std::optional<Version> parse(std::string_view text);
};

/// An interval of versions like "[1.0,2.0)"; either bound may be missing: "[1.0,)".
class VersionRange {
public:
    [[nodiscard]] static std::optional<VersionRange> parse(std::string_view text);
    [[nodiscard]] bool contains(const Version& version) const;

private:
    std::optional<Version> low_, high_;
    bool lowIncluded_ = true, highIncluded_ = false;
};

} // namespace core::module
