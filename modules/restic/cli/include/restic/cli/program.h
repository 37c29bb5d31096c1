#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "core/process.h"

namespace restic::cli {

struct ResticUser {
    uid_t id = 0;
    gid_t group = 0;
};

/// Which restic a machine has, and what it may use there.
struct ResticProgram {
    std::string binary = "restic";
    /// Where restic keeps copies of what it reads often; empty: the caller's folder.
    std::string cacheDir;
    /// TMPDIR of restic; empty: the system's.
    std::string tempDir;
    /// What restic leaves to others: `nice` and `ionice`.
    core::ProcessPriority priority;
    /// Bytes that restic's memory is kept below where it can; 0: no limit.
    std::int64_t memoryLimit = 0;
    /// Whom it runs as, where the caller may choose and does not want to run it as itself.
    std::optional<ResticUser> user;
};

} // namespace restic::cli
