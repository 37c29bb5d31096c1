#include "host/free_space.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/error.h"

namespace core::host {

void requireFreeSpace(const std::filesystem::path& folder, std::uint64_t least) {
    struct statvfs disk {};
    if (::statvfs(folder.c_str(), &disk) != 0 || disk.f_blocks == 0)
        return; // not every file system counts
    const std::uint64_t blocks = ::geteuid() == 0 ? disk.f_bfree : disk.f_bavail;
    const std::uint64_t free = blocks * disk.f_frsize;
    if (free < least)
        throw Error(errors::kUnavailable,
                    fmt::format("The disk of {} is full: {} KiB are free, {} KiB are needed. Make room.",
                                folder.string(), free / 1024, least / 1024));
}

} // namespace core::host
