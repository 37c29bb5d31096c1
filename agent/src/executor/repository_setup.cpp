#include "executor/repository_setup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <tuple>

#include "files/path_look.h"
#include "restic/cli/json_message.h"
#include "restic/cli/repository_document.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

#include "core/text.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;

/// Keeps a second agent of this machine from filling the same folder; released with the last copy.
class FolderLock {
public:
    /// Waits for it; a folder that does not exist is made. Holds nothing where the file system has no locks,
    /// or the agent may not open the folder.
    static std::shared_ptr<FolderLock> take(const std::filesystem::path& folder) {
        auto lock = std::make_shared<FolderLock>();
        std::error_code ignored;
        std::filesystem::create_directories(folder, ignored);
        lock->fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (lock->fd_ >= 0)
            ::flock(lock->fd_, LOCK_EX);
        return lock;
    }
    FolderLock() = default;
    ~FolderLock() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int fd_ = -1;
};
} // namespace

std::optional<protocol::TaskError> RepositorySetup::prepare(const restic::cli::RepositoryAccess& repository,
                                                            const std::stop_token& stop) {
    if (const auto folder = repository.localFolder())
        return prepareFolder(repository, *folder, stop);
    std::optional<protocol::TaskError> error;
    const auto found = commands_.run(repository, restic::cli::kShowRepository, stop, error);
    if (!found)
        return error;
    if (found->exit.ok() || !restic::cli::saysRepositoryIsAbsent(found->exit, found->error))
        return std::nullopt; // what is wrong with it, if anything, the backup will say
    return initialise(repository, stop);
}

std::optional<protocol::TaskError>
RepositorySetup::prepareFolder(const restic::cli::RepositoryAccess& repository,
                               const std::filesystem::path& folder, const std::stop_token& stop) {
    // Held while the folder is looked at and filled: two at once would each put a key of its own into it.
    const auto held = commands_.look([folder] { return FolderLock::take(folder); }, stop);
    if (!held)
        return task_errors::make(task_errors::kCommandTimeout,
                                 "The repository's file system does not answer");
    auto found = lookInFolder(repository, folder, stop);
    if (auto* error = std::get_if<protocol::TaskError>(&found))
        return std::move(*error);
    return std::get<Place>(found) == Place::empty ? initialise(repository, stop) : std::nullopt;
}

std::variant<RepositorySetup::Place, protocol::TaskError>
RepositorySetup::lookInFolder(const restic::cli::RepositoryAccess& repository,
                              const std::filesystem::path& folder, const std::stop_token& stop) {
    const auto looked = commands_.look(
        [folder] {
            std::error_code code;
            const bool there = std::filesystem::exists(folder / "config", code) || code;
            const auto size = std::filesystem::file_size(folder / "config", code);
            return std::tuple(lookAt(folder.string()), there, there && !code && size == 0);
        },
        stop);
    if (!looked)
        return task_errors::make(task_errors::kCommandTimeout,
                                 "The repository's file system does not answer");
    const auto& [place, hasConfig, isCutOff] = *looked;
    const auto name = core::printable(folder.string());
    if (isCutOff)
        return task_errors::make(task_errors::kRepositoryCorrupted,
                                 "The file config of the repository in " + name +
                                     " is empty: restore it from a copy of the repository, or empty the "
                                     "folder if nothing in it is needed");
    if (hasConfig)
        return Place::taken;
    if (place.missing() && place.error != ENOENT)
        return task_errors::make(task_errors::kRepositoryNotFound,
                                 "There can be no folder " + name + ": " +
                                     std::generic_category().message(place.error));
    if (place.missing())
        if (const auto link = commands_.look([folder] { return brokenLinkAbove(folder); }, stop);
            link && *link)
            return task_errors::make(task_errors::kRepositoryNotFound,
                                     "There can be no folder " + name + ": " + core::printable(**link) +
                                         " is a link that leads nowhere. Mount what it leads to, or name "
                                         "another folder");
    if (!place.missing() && !place.link && !place.folder)
        return task_errors::make(task_errors::kRepositoryNotFound, name + " is no folder");
    const auto inside =
        place.link ? commands_.look([folder] { return lookAt((folder / "").string()); }, stop) : place;
    if (!inside || (!inside->missing() && !inside->entries)) {
        // The agent may not look; restic, which may have more rights, can at least tell that one is there.
        std::optional<protocol::TaskError> error;
        const auto found = commands_.run(repository, restic::cli::kShowRepository, stop, error);
        if (!found)
            return error.value();
        if (!restic::cli::saysRepositoryIsAbsent(found->exit, found->error))
            return Place::taken;
        return task_errors::make(
            task_errors::kPermissionDenied,
            "There is no repository in " + name +
                ", and the agent may not look whether that folder is empty, so it is not "
                "initialised. Let the agent's user read it, or run restic init by hand");
    }
    if (inside->entries && !inside->entries->empty()) {
        std::string found;
        for (const auto& entry : *inside->entries)
            found += (found.empty() ? "" : ", ") + core::printable(entry);
        const bool looksLikeOne =
            std::find(inside->entries->begin(), inside->entries->end(), "keys") != inside->entries->end();
        return task_errors::make(
            looksLikeOne ? task_errors::kRepositoryCorrupted : task_errors::kRepositoryNotFound,
            name +
                (looksLikeOne ? " holds a repository without its file config (found: "
                              : " is not empty and holds no repository (found: ") +
                found + "). What is not empty is never initialised: " +
                (looksLikeOne ? "restore config from a copy, or empty the folder if nothing in it is needed"
                              : "empty the folder, or choose another"));
    }
    // Behind a link may be the mount point of a repository that once worked under its own path.
    if (place.link)
        return task_errors::make(task_errors::kRepositoryNotFound,
                                 name + " is a link to " + core::printable(*place.link) +
                                     ", and there is no repository. Nothing is created through a link: name "
                                     "that folder itself as the repository");
    return Place::empty;
}

std::optional<protocol::TaskError>
RepositorySetup::initialise(const restic::cli::RepositoryAccess& repository, const std::stop_token& stop) {
    report_.log(LogLevel::info, "There is no repository yet; creating it with restic init");
    std::optional<protocol::TaskError> error;
    const auto made = commands_.run(repository, {"init"}, stop, error);
    if (!made)
        return error;
    if (made->exit.ok()) {
        created_ = true;
        report_.log(LogLevel::info, "The repository was created");
        return std::nullopt;
    }
    // Another agent may have been first.
    if (made->error.find("already exists") != std::string::npos ||
        made->error.find("already initialized") != std::string::npos)
        return std::nullopt;
    return task_errors::make(restic::cli::classifyFailure(made->exit, made->error),
                             "The repository could not be created: " +
                                 report_.redact(restic::cli::failureMessage(made->exit, made->error)));
}

} // namespace agent
