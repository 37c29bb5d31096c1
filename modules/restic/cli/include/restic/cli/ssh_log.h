#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "restic/cli/user_file.h"

namespace restic::cli {

/// Before what ssh says, in restic's error text.
inline constexpr std::string_view kOfSsh = "subprocess ssh: ";

/// Where an ssh that restic starts says what is wrong (its option -E); in memory, and gone with this object.
/// By restic's own standard error it would get lost: restic sometimes ends before it has passed on what ssh
/// said.
class SshLog {
public:
    /// Of an ssh that runs as this process's user. Throws core::Error(core::errors::kProcessFailed), as the
    /// other one.
    SshLog();
    /// Of an ssh that runs as another user.
    SshLog(uid_t user, gid_t group);
    ~SshLog();
    SshLog(SshLog&& other) noexcept;
    SshLog& operator=(SshLog&& other) noexcept;
    SshLog(const SshLog&) = delete;
    SshLog& operator=(const SshLog&) = delete;

    /// For ssh, as long as this object lives.
    [[nodiscard]] std::string path() const;
    /// What it has said until now, at most the first 64 KiB: each line behind kOfSsh, as restic would pass it
    /// on, and without the line break.
    void read(const std::function<void(std::string_view line)>& line) const;
    /// The same as one text, with line breaks.
    [[nodiscard]] std::string text() const;

private:
    int fd_ = -1;                  ///< of a file without a name
    std::optional<UserFile> file_; ///< where another user could not open that
};

} // namespace restic::cli
