#include "restic/cli/user_file.h"

#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "core/process.h"

namespace restic::cli {
namespace {
constexpr std::string_view kFolder = "/dev/shm/";
constexpr std::string_view kBeginning = "restic-for-";
} // namespace

void UserFile::removeLeftBehind() noexcept {
    std::error_code code;
    for (std::filesystem::directory_iterator at(kFolder, code), end; !code && at != end; at.increment(code)) {
        const auto name = at->path().filename().string();
        if (!name.starts_with(kBeginning))
            continue;
        // PID-TICKS-…
        const auto* const last = name.data() + name.size();
        int pid = 0;
        unsigned long long ticks = 0;
        const auto first = std::from_chars(name.data() + kBeginning.size(), last, pid);
        if (first.ec != std::errc{} || first.ptr == last || *first.ptr != '-' ||
            std::from_chars(first.ptr + 1, last, ticks).ec != std::errc{})
            continue;
        if (core::processStartTicks(pid) != ticks)
            ::unlink(at->path().c_str());
    }
}

UserFile::UserFile(std::string_view content, uid_t user, gid_t group) {
    // Named after this process, so that a later one knows what a dead one has left.
    std::string name = std::string(kFolder) + std::string(kBeginning) + std::to_string(::getpid()) + "-" +
                       std::to_string(core::processStartTicks(::getpid()).value_or(0)) + "-XXXXXX";
    const int fd = ::mkstemp(name.data()); // 0600
    bool good = fd >= 0;
    for (auto left = content; good && !left.empty();) {
        const auto count = ::write(fd, left.data(), left.size());
        good = count > 0 || (count < 0 && errno == EINTR);
        left.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    good = good && ::fchmod(fd, S_IRUSR | S_IWUSR) == 0 && ::fchown(fd, user, group) == 0;
    const int code = errno;
    if (fd >= 0)
        ::close(fd);
    if (good) {
        path_ = name;
        return;
    }
    if (fd >= 0)
        ::unlink(name.c_str());
    throw core::Error(core::errors::kProcessFailed, "A file for restic could not be written to /dev/shm: " +
                                                        std::generic_category().message(code));
}

UserFile::UserFile(UserFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

UserFile& UserFile::operator=(UserFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
}

UserFile::~UserFile() {
    if (!path_.empty())
        ::unlink(path_.c_str());
}

} // namespace restic::cli
