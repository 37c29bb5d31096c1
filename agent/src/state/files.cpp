#include "state/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "core/text.h"

namespace agent {
namespace {
[[noreturn]] void fail(const std::filesystem::path& path, int code) {
    throw core::Error(errors::kState, path.string() + ": " + std::generic_category().message(code));
}
} // namespace

void writeFileDurably(const std::filesystem::path& path, std::string_view text) {
    const auto temporary = path.string() + ".new";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(temporary, errno);
    while (!text.empty()) {
        const auto count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            const int code = errno;
            ::close(fd);
            fail(temporary, code);
        }
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    const bool synced = ::fsync(fd) == 0;
    const int code = errno;
    ::close(fd);
    if (!synced)
        fail(temporary, code);
    if (::rename(temporary.c_str(), path.c_str()) != 0)
        fail(path, errno);
    syncFolder(path.parent_path());
}

std::optional<std::string> readFileIfAny(const std::filesystem::path& path) {
    std::error_code code;
    if (!std::filesystem::exists(path, code)) {
        if (code)
            fail(path, code.value());
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    if (!in)
        fail(path, EACCES);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

void syncFolder(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail(folder, errno);
    ::fsync(fd);
    ::close(fd);
}

StateDir::StateDir(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code code;
    if (!std::filesystem::is_directory(path_, code)) {
        std::filesystem::create_directories(path_, code);
        if (code)
            fail(path_, code.value());
        ::chmod(path_.c_str(), 0700);
    }
    for (const auto& folder : {cache(), tasks()}) {
        std::filesystem::create_directory(folder, code);
        if (code)
            fail(folder, code.value());
        ::chmod(folder.c_str(), 0700);
    }
}

StateDir::~StateDir() {
    if (lockFd_ >= 0)
        ::close(lockFd_);
}

std::optional<std::string> StateDir::lacksRoom() const {
    // For the journal, a log of ten thousand lines, and what restic says.
    constexpr std::uint64_t kRoom = 16U << 20U;
    struct statvfs info {};
    if (::statvfs(path_.c_str(), &info) != 0)
        return "The state folder " + path_.string() +
               " cannot be used: " + std::generic_category().message(errno);
    if ((info.f_flag & ST_RDONLY) != 0)
        return "The file system of the state folder " + path_.string() + " is read-only";
    const auto free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
    if (free < kRoom)
        return "The disk of the state folder " + path_.string() + " is full (" + core::formatBytes(free) +
               " left): no task is taken until at least " + core::formatBytes(kRoom) + " are free";
    if (info.f_files > 0 && info.f_favail < 16)
        return "The file system of the state folder " + path_.string() +
               " has no inodes left: no task is taken";
    return std::nullopt;
}

bool StateDir::lock() {
    const auto file = path_ / "lock";
    lockFd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lockFd_ < 0)
        fail(file, errno);
    // What an agent that was killed was just starting holds the lock until it has become another program.
    constexpr auto kMoment = std::chrono::seconds(3);
    constexpr auto kBetween = std::chrono::milliseconds(20);
    const auto until = std::chrono::steady_clock::now() + kMoment;
    while (::flock(lockFd_, LOCK_EX | LOCK_NB) != 0) {
        if (std::chrono::steady_clock::now() >= until)
            return false;
        std::this_thread::sleep_for(kBetween);
    }
    return true;
}

} // namespace agent
