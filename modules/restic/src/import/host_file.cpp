#include "import/host_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restic/protocol/password_rule.h"

namespace restic {

namespace {
constexpr std::size_t kMost = 4096;

core::Error refused(const std::filesystem::path& file, const std::string& why) {
    return core::Error(core::errors::kValidation, "the password file " + file.string() + " " + why);
}
} // namespace

core::Result<std::string> readPasswordFile(const std::filesystem::path& file) {
    // A pipe that somebody put there must not be waited for.
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return refused(file, std::string("cannot be read: ") + std::strerror(errno));
    const std::shared_ptr<void> open(nullptr, [descriptor](void*) { ::close(descriptor); });
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return refused(file, "is no file");
    std::array<char, kMost + 1> buffer{};
    const auto size = ::read(descriptor, buffer.data(), buffer.size());
    if (size < 0)
        return refused(file, std::string("cannot be read: ") + std::strerror(errno));
    if (static_cast<std::size_t>(size) > kMost)
        return refused(file, "is too large for a password");
    std::string password(buffer.data(), static_cast<std::size_t>(size));
    constexpr auto kBlank = " \t\r\n\v\f";
    password.erase(password.find_last_not_of(kBlank) + 1);
    password.erase(0, std::min(password.find_first_not_of(kBlank), password.size()));
    if (const auto problem = protocol::checkRepositoryPassword(password))
        return refused(file, "has no password: it " + *problem);
    return password;
}

} // namespace restic
