#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/time.h"
#include "restic/protocol/backup_task.h"

namespace restic {

/// What a backup that restic calls a success is held against.
struct Expected {
    std::optional<std::int64_t> lastFiles;    ///< of the run before; nullopt: none
    std::optional<std::int64_t> minSizeBytes; ///< of the policy
};

/// Why a finished backup is not to be believed without a look, in sentences; empty if nothing is odd. Nothing
/// was saved, much less than the last time, less than the policy expects, or the machine's clock is wrong.
std::string doubtsAbout(const protocol::BackupResult& result, const Expected& expected, core::Instant now);

} // namespace restic
