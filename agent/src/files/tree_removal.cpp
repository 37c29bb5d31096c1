#include "files/tree_removal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

namespace agent {
namespace {
constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// A folder's descriptor, made its owner's to change; -1: it cannot be.
int openOwn(int above, const char* name, const struct stat& found) {
    if ((found.st_mode & 0700U) != 0700U)
        // Was a folder a moment ago, below one that nobody else may enter.
        ::fchmodat(above, name, 0700, 0);
    return ::openat(above, name, kOpenFolder);
}

std::vector<std::string> namesIn(DIR* folder) {
    std::vector<std::string> names;
    while (const auto* entry = ::readdir(folder)) {
        std::string name = entry->d_name;
        if (name != "." && name != "..")
            names.push_back(std::move(name));
    }
    return names;
}

bool removeAt(int above, const char* name, dev_t device) {
    struct stat found {};
    if (::fstatat(above, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    if (!S_ISDIR(found.st_mode))
        return ::unlinkat(above, name, 0) == 0;
    if (found.st_dev != device)
        return false; // somebody mounted something there
    const int descriptor = openOwn(above, name, found);
    DIR* folder = descriptor < 0 ? nullptr : ::fdopendir(descriptor);
    if (folder == nullptr) {
        if (descriptor >= 0)
            ::close(descriptor);
        return false;
    }
    bool gone = true;
    for (const auto& entry : namesIn(folder))
        gone = removeAt(descriptor, entry.c_str(), device) && gone;
    ::closedir(folder);
    return gone && ::unlinkat(above, name, AT_REMOVEDIR) == 0;
}
} // namespace

bool removeTree(const std::filesystem::path& path) {
    struct stat above {};
    const auto parent = path.parent_path();
    if (::stat(parent.c_str(), &above) != 0)
        return true; // nor is anything in it
    const int descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    const bool gone = removeAt(descriptor, path.filename().c_str(), above.st_dev);
    ::close(descriptor);
    return gone;
}

} // namespace agent
