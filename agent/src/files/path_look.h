#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace agent {

/// What stands at a path.
struct PathLook {
    /// errno of the look, 0 if it could be taken.
    int error = 0;
    /// Where a symbolic link points to.
    std::optional<std::string> link;
    bool folder = false;
    /// Of a folder that could be listed: its first entries, but for lost+found.
    std::optional<std::vector<std::string>> entries;

    [[nodiscard]] bool missing() const noexcept;
    [[nodiscard]] bool emptyFolder() const noexcept { return entries && entries->empty(); }
};

/// Looks without following a link at the end of the path.
[[nodiscard]] PathLook lookAt(const std::string& path);
/// The first of the folders on the way to `path` that is a symbolic link to nothing.
[[nodiscard]] std::optional<std::string> brokenLinkAbove(const std::filesystem::path& path);
/// The first of the folders on the way to `path`, itself included, that does not exist.
[[nodiscard]] std::optional<std::string> highestMissing(const std::filesystem::path& path);

} // namespace agent
