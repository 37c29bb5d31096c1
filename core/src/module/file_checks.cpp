#include "module/file_checks.h"

#include <sys/stat.h>

#include <fmt/format.h>

namespace core::module {

void refuse(const std::filesystem::path& file, const std::string& why) {
    throw Error(kModuleRefused, file.filename().string() + " " + why + ".");
}

void judgeOwnership(const std::filesystem::path& path, FileKind kind, uid_t user) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0)
        refuse(path, "does not exist");
    if (kind == FileKind::file && !S_ISREG(info.st_mode))
        refuse(path, "is not a regular file; links are not followed, copy the module here");
    if (kind == FileKind::folder && !S_ISDIR(info.st_mode))
        refuse(path, "is not a folder; links are not followed, copy the module here");
    if (info.st_uid != 0 && info.st_uid != user)
        refuse(path, fmt::format(
                         "belongs to user {}; a module must belong to root or to the user that runs the host "
                         "(chown it)",
                         info.st_uid));
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        refuse(path, "can be written by others; take that right away (chmod go-w)");
}

} // namespace core::module
