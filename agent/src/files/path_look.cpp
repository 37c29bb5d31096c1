#include "files/path_look.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace agent {
namespace {
constexpr std::size_t kFirstEntries = 8;

std::optional<std::vector<std::string>> entriesOf(const std::string& path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (folder == nullptr)
        return std::nullopt;
    std::vector<std::string> out;
    while (const auto* entry = ::readdir(folder.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != ".." && name != "lost+found")
            out.push_back(name);
        if (out.size() >= kFirstEntries)
            break;
    }
    return out;
}
} // namespace

bool PathLook::missing() const noexcept {
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP;
}

std::optional<std::string> highestMissing(const std::filesystem::path& path) {
    std::filesystem::path soFar;
    for (const auto& part : path) {
        soFar /= part;
        std::error_code code;
        if (std::filesystem::status(soFar, code).type() == std::filesystem::file_type::not_found)
            return soFar.string();
    }
    return std::nullopt;
}

std::optional<std::string> brokenLinkAbove(const std::filesystem::path& path) {
    const auto missing = highestMissing(path);
    std::error_code code;
    const bool isLink =
        missing && std::filesystem::is_symlink(std::filesystem::symlink_status(*missing, code));
    return isLink ? missing : std::nullopt;
}

PathLook lookAt(const std::string& path) {
    PathLook look;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        look.error = errno;
        return look;
    }
    if (S_ISLNK(info.st_mode)) {
        std::array<char, PATH_MAX> target{};
        const auto size = ::readlink(path.c_str(), target.data(), target.size());
        look.link = std::string(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    } else if (S_ISDIR(info.st_mode)) {
        look.folder = true;
        look.entries = entriesOf(path);
    }
    return look;
}

} // namespace agent
