#include "restic/cli/ssh_log.h"

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/process.h"

namespace restic::cli {

SshLog::SshLog() : fd_(::memfd_create("ssh", MFD_CLOEXEC)) {
    if (fd_ < 0)
        throw core::Error(core::errors::kProcessFailed, "A file for what ssh says could not be made: " +
                                                            std::generic_category().message(errno));
}

SshLog::SshLog(uid_t user, gid_t group) : file_(std::in_place, std::string_view{}, user, group) {}

SshLog::~SshLog() {
    if (fd_ >= 0)
        ::close(fd_);
}

SshLog::SshLog(SshLog&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), file_(std::exchange(other.file_, std::nullopt)) {}

SshLog& SshLog::operator=(SshLog&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(file_, other.file_);
    return *this;
}

std::string SshLog::path() const {
    // ssh closes the descriptors that it inherits, and opens this one anew.
    return file_ ? file_->path().string()
                 : "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_);
}

void SshLog::read(const std::function<void(std::string_view line)>& line) const {
    constexpr std::size_t kMost = 65536;
    std::string said(kMost, '\0');
    std::ifstream file(path(), std::ios::binary);
    file.read(said.data(), static_cast<std::streamsize>(said.size()));
    said.resize(static_cast<std::size_t>(file.gcount()));
    for (std::string_view left = said; !left.empty();) {
        const auto end = left.find_first_of("\r\n");
        if (end != 0)
            line(std::string(kOfSsh).append(left.substr(0, end)));
        left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    }
}

std::string SshLog::text() const {
    std::string all;
    read([&](std::string_view line) { all.append(line).append("\n"); });
    return all;
}

} // namespace restic::cli
