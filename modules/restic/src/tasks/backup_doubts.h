#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "restic/protocol/backup_task.h"

namespace restic {

/// What a backup that restic calls a success is held against.
struct Expected {
    std::optional<std::int64_t> lastFiles;    ///< of the run before; nullopt: none
    std::optional<std::int64_t> minSizeBytes; ///< of the policy
    std::int64_t knownUnread = 0;             ///< files that the run before could not read
    std::vector<std::int64_t> lastBytes = {}; ///< of the last five that ended well, without this one
};

/// Why a finished backup is not to be believed without a look, in sentences; empty if nothing is odd. Nothing
/// was saved, much less than the last time, less than the policy expects, or the machine's clock is wrong.
std::string doubtsAbout(const protocol::BackupResult& result, const Expected& expected, core::Instant now);

/// How many files could not be read, without the sources that are missing.
std::int64_t unreadFiles(const protocol::BackupResult& result);

/// Why nothing is to be removed after a backup that ended with a snapshot, in sentences; empty if nothing is
/// against it. As doubtsAbout(), and: a source is missing, less than half of what the last five had at the
/// median was saved, or more files could not be read than in the run before. One that nobody can ever read
/// holds it back once and not for ever.
std::string reasonsToHold(const protocol::BackupResult& result, const Expected& expected, core::Instant now);

} // namespace restic
