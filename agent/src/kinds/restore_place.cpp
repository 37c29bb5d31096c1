#include "kinds/restore_place.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/text.h"
#include "kinds/restore.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace fs = std::filesystem;
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using protocol::TaskError;

TaskError invalid(std::string message) {
    return task_errors::make(task_errors::kInvalidTask, std::move(message));
}

TaskError inTheWay(const std::string& link) {
    std::error_code code;
    const auto leads = fs::read_symlink(link, code);
    return task_errors::make(task_errors::kLinkInTheWay, core::printable(link) + " is a link to " +
                                                             core::printable(leads.string()) +
                                                             ": the restore would follow it");
}

bool isLink(const std::string& path) {
    std::error_code code;
    return fs::is_symlink(fs::symlink_status(path, code));
}

std::string below(const std::string& folder, const std::string& path) {
    return folder == "/" ? path : folder + path;
}

bool isIn(const fs::path& path, const fs::path& folder) {
    const auto relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

/// restic goes through what is above a path that it was told to restore.
std::optional<TaskError> linkAbove(const std::string& folder, const std::vector<std::string>& paths) {
    for (const auto& path : paths)
        for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
            if (const auto above = below(folder, path.substr(0, slash)); isLink(above))
                return inTheWay(above);
    return std::nullopt;
}

std::optional<TaskError> whyTooOld(const protocol::RestoreTask& task,
                                   const restic::cli::ResticVersion& version) {
    if (version >= restic::cli::ResticVersion{0, 17, 0})
        return std::nullopt;
    const auto old = [&](const std::string& what) {
        return task_errors::make(task_errors::kResticTooOld,
                                 "restic " + version.toString() + " " + what + "; restic 0.17 and later can");
    };
    if (task.needsOverwriteModes())
        return old("always replaces the files that are there and cannot do \"" + *task.overwrite + "\"");
    if (task.dryRun)
        return old("cannot say what a restore would do without doing it");
    return std::nullopt;
}

std::optional<TaskError> whyForbidden(const std::string& folder, const RestoreBounds& bounds) {
    if (const auto why = bounds.policy.whyNoRestoreTo(folder))
        return task_errors::make(task_errors::kForbiddenOnMachine, *why);
    for (const auto& kept : bounds.kept) {
        std::error_code code;
        const auto at = fs::weakly_canonical(kept, code);
        if (!code && isIn(folder, at))
            return invalid("Nothing is restored into " + at.string() +
                           ", which the agent or its repository keeps for itself");
    }
    return std::nullopt;
}

std::variant<std::string, TaskError> folderFor(const std::string& target, bool dryRun,
                                               const RestoreBounds& bounds) {
    std::error_code code;
    auto folder = fs::canonical(target, code);
    const bool there = !code;
    if (!there) {
        if (isLink(target))
            return invalid("The target " + core::printable(target) + " is a link to nothing");
        const auto above = fs::canonical(fs::path(target).parent_path(), code);
        if (code)
            return invalid("The folder above the target " + core::printable(target) + " does not exist");
        folder = above / fs::path(target).filename();
    } else if (!fs::is_directory(folder, code)) {
        return invalid("The target " + core::printable(target) + " is not a folder");
    }
    if (auto error = whyForbidden(folder.string(), bounds))
        return *error;
    if (!there && !dryRun && ::mkdir(folder.c_str(), 0700) != 0)
        return task_errors::make(errno == ENOSPC ? task_errors::kOutOfDiskSpace
                                                 : task_errors::kPermissionDenied,
                                 "The folder " + core::printable(folder.string()) +
                                     " could not be created: " + std::strerror(errno));
    return folder.string();
}
} // namespace

std::variant<std::string, TaskError> findPlace(const protocol::RestoreTask& task,
                                               const restic::cli::ResticVersion& version,
                                               const RestoreBounds& bounds) {
    if (auto error = whyTooOld(task, version))
        return *error;
    if (task.inPlace) {
        for (const auto& path : task.paths) {
            if (const auto why = bounds.policy.whyNoRestoreInPlace(path))
                return task_errors::make(task_errors::kForbiddenOnMachine, *why);
            for (const auto& kept : bounds.kept)
                if (isIn(path, kept) || isIn(kept, path))
                    return invalid("Nothing is restored over " + kept.string() +
                                   ", which the agent or its repository keeps for itself");
        }
        if (auto error = linkAbove("/", task.paths))
            return *error;
        return std::string("/");
    }
    auto found = folderFor(*task.target, task.dryRun, bounds);
    if (const auto* folder = std::get_if<std::string>(&found))
        if (auto error = linkAbove(*folder, task.paths))
            return *error;
    return found;
}

bool isEmptyPlace(const std::string& folder) {
    std::error_code code;
    const auto first = fs::directory_iterator(folder, code);
    return code ? code == std::errc::no_such_file_or_directory : first == fs::directory_iterator();
}

std::optional<TaskError> whyInTheWay(const std::string& folder, const std::string& path,
                                     std::string_view type) {
    if (type != "dir" && type != "file")
        return std::nullopt;
    const auto at = below(folder, path);
    struct stat found {};
    if (::lstat(at.c_str(), &found) != 0)
        return std::nullopt;
    if (S_ISLNK(found.st_mode))
        return inTheWay(at);
    if (type == "file" && S_ISREG(found.st_mode) && found.st_nlink > 1)
        return task_errors::make(task_errors::kLinkInTheWay,
                                 core::printable(at) + " has " + std::to_string(found.st_nlink - 1) +
                                     " further name(s), which this restic would overwrite with it");
    return std::nullopt;
}

} // namespace agent
