#include "db/host_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/error.h"

namespace core::db {

namespace {
/// Of the file itself: two names of it are one database.
std::string lockOf(const std::string& database) {
    std::error_code ignored;
    return std::filesystem::weakly_canonical(database, ignored).string() + ".lock";
}
} // namespace

HostLock::HostLock(const std::string& database) {
    const auto file = lockOf(database);
    fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0)
        throw Error(errors::kDatabase, fmt::format("The lock {} of the SQLite database cannot be opened: {}",
                                                   file, std::strerror(errno)));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        const int reason = errno;
        std::array<char, 32> holder{};
        const auto length = ::pread(fd_, holder.data(), holder.size() - 1, 0);
        ::close(fd_);
        if (reason != EWOULDBLOCK)
            throw Error(errors::kDatabase,
                        fmt::format("The lock {} of the SQLite database cannot be taken ({}); the database "
                                    "must lie on a local file system",
                                    file, std::strerror(reason)));
        throw Error(errors::kDatabase,
                    fmt::format("Another host{} serves from the SQLite database {}: stop it first. Several "
                                "hosts need PostgreSQL (database.url)",
                                length > 0 ? fmt::format(" (process {})", holder.data()) : "", database));
    }
    const auto own = std::to_string(::getpid());
    // For whoever is refused; the lock itself does not need it.
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, own.data(), own.size(), 0) < 0)
        errno = 0;
}

std::optional<int> HostLock::lastHolder(const std::string& database) {
    std::ifstream in(lockOf(database));
    int holder = 0;
    return in >> holder ? std::optional(holder) : std::nullopt;
}

HostLock::~HostLock() {
    ::close(fd_);
}

} // namespace core::db
