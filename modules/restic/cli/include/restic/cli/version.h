#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace restic::cli {

/// Which restic this is, and what it can do.
struct ResticVersion {
    int major = 0;
    int minor = 0;
    int patch = 0;

    auto operator<=>(const ResticVersion&) const = default;
    [[nodiscard]] std::string toString() const;

    /// Exit codes 10 (no repository) and 11 (locked).
    [[nodiscard]] bool hasExitCodes() const noexcept { return *this >= ResticVersion{0, 17, 0}; }
    /// Runs the program whose output it saves, and saves nothing when that fails.
    [[nodiscard]] bool readsFromCommands() const noexcept { return *this >= ResticVersion{0, 17, 1}; }
    /// REST credentials from the environment.
    [[nodiscard]] bool hasRestCredentials() const noexcept { return *this >= ResticVersion{0, 16, 1}; }
};

/// Reads the output of `restic version`, as text (before 0.17) or as JSON.
[[nodiscard]] std::optional<ResticVersion> parseResticVersion(std::string_view output);

} // namespace restic::cli
