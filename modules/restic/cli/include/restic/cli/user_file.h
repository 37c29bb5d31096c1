#pragma once

#include <filesystem>
#include <string_view>

#include <sys/types.h>

namespace restic::cli {

/// A file that only another user reads and writes: a secret for it, or what it says. It is in memory
/// (/dev/shm) and gone with this object; a process that is killed leaves it, for that user alone, until
/// removeLeftBehind() or the next boot.
class UserFile {
public:
    /// Throws core::Error(core::errors::kProcessFailed).
    UserFile(std::string_view content, uid_t user, gid_t group);
    ~UserFile();
    UserFile(UserFile&& other) noexcept;
    UserFile& operator=(UserFile&& other) noexcept;
    UserFile(const UserFile&) = delete;
    UserFile& operator=(const UserFile&) = delete;

    /// What processes of this machine have left that have died.
    static void removeLeftBehind() noexcept;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace restic::cli
