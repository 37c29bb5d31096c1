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

/// What restic is held to, by prlimit(1), choom(1) and setpriv(1) of util-linux. It is the first to go where
/// memory runs out, and ends with whoever started it.
struct ResticLimits {
    std::int64_t memory = 0; ///< bytes that it may write to (RLIMIT_DATA)
    std::int64_t file = 0;   ///< bytes of the largest file that it may write (RLIMIT_FSIZE)
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
    /// What it may not go beyond, where it works on what strangers have made.
    std::optional<ResticLimits> limits;
};

} // namespace restic::cli
