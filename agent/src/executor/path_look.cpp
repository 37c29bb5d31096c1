#include "executor/path_look.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "restic/message.h"
#include "restic/protocol/notices.h"

namespace agent {
namespace {
namespace notices = restic::protocol::notices;
using restic::protocol::TaskNotice;
using restic_json::printable;

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

TaskNotice make(const notices::Kind& kind, std::string message) {
    return {std::string(kind.code), std::move(message)};
}
} // namespace

bool PathLook::missing() const noexcept {
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP;
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

std::vector<TaskNotice> noticesAbout(const std::vector<std::pair<std::string, PathLook>>& sources,
                                     std::optional<std::uint64_t> files, bool excludes) {
    std::vector<TaskNotice> out;
    bool substance = false;
    for (const auto& [path, look] : sources) {
        if (look.link)
            out.push_back(
                make(notices::kSourceIsLink,
                     "The source " + printable(path) + " is a link to " + printable(*look.link) +
                         "; only the link is saved, and nothing of what it points to. Name that path "
                         "itself"));
        else if (look.emptyFolder())
            out.push_back(make(notices::kSourceEmpty, "The source " + printable(path) +
                                                          " is an empty folder; is its disk mounted?"));
        else if (look.error == 0)
            substance = true;
    }
    if (files != 0U)
        return out;
    if (substance && excludes)
        out.push_back(make(notices::kEverythingExcluded,
                           "No file was saved: the exclude patterns may leave out everything"));
    else
        out.push_back(make(notices::kNothingSaved, "No file was saved"));
    return out;
}

} // namespace agent
