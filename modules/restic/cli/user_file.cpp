#include "restic/cli/user_file.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "core/process.h"

namespace restic::cli {

UserFile::UserFile(std::string_view secret, uid_t user, gid_t group) {
    std::string name = "/dev/shm/restic-secret-XXXXXX";
    const int fd = ::mkstemp(name.data()); // 0600
    bool good = fd >= 0;
    for (auto left = secret; good && !left.empty();) {
        const auto count = ::write(fd, left.data(), left.size());
        good = count > 0 || (count < 0 && errno == EINTR);
        left.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    good = good && ::fchmod(fd, S_IRUSR) == 0 && ::fchown(fd, user, group) == 0;
    const int code = errno;
    if (fd >= 0)
        ::close(fd);
    if (good) {
        path_ = name;
        return;
    }
    if (fd >= 0)
        ::unlink(name.c_str());
    throw core::Error(core::errors::kProcessFailed, "A secret could not be handed to another user: " +
                                                        std::generic_category().message(code));
}

UserFile::UserFile(UserFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

UserFile::~UserFile() {
    if (!path_.empty())
        ::unlink(path_.c_str());
}

} // namespace restic::cli
