#include "core/file_owner.h"

#include <sys/stat.h>

#include <fmt/format.h>

namespace core {

std::optional<std::string> ownerProblem(const std::filesystem::path& path, FileKind kind, uid_t user) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0)
        return "does not exist";
    if (kind == FileKind::file && !S_ISREG(info.st_mode))
        return "is not a regular file; links are not followed, copy the file here";
    if (kind == FileKind::folder && !S_ISDIR(info.st_mode))
        return "is not a folder; links are not followed, copy the folder here";
    if (info.st_uid != 0 && info.st_uid != user)
        return fmt::format("belongs to user {}; it must belong to root or to the user that runs this program "
                           "(chown it)",
                           info.st_uid);
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "can be written by others; take that right away (chmod go-w)";
    return std::nullopt;
}

} // namespace core
