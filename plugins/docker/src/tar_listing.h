#pragma once

#include <cstdint>

#include "settings.h"

namespace docker {

/// What an archive holds.
struct ArchiveContents {
    std::uint64_t files = 0;
    std::uint64_t folders = 0;
    std::uint64_t others = 0; ///< links, devices and pipes
    std::uint64_t bytes = 0;  ///< of the files, as they are on a disk
    std::uint64_t archive = 0;
};

/// Reads the step's stream as an archive, each header and to its end. Failure if it is damaged, if it goes on
/// where it says that it ends, or if its end is missing.
[[nodiscard]] ArchiveContents listArchive(const Step& step);

} // namespace docker
