#pragma once

#include <cstdint>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// What a repository took up at some time.
struct RepositorySize {
    core::Instant countedAt;
    std::int64_t bytes = 0;
};

/// Rows of restic_repository_sizes: at most one for each repository and day (UTC), the last count of it. They
/// are kept for five years.
class SizeStore {
public:
    static constexpr std::chrono::hours kKept{24 * 365 * 5};

    /// Drops what is older than it is kept, too.
    static void record(core::db::Transaction& tx, const core::Uuid& repository, std::int64_t bytes,
                       core::Instant now);
    /// Those since then, oldest first.
    static std::vector<RepositorySize> since(core::db::Transaction& tx, const core::Uuid& repository,
                                             core::Instant from);
    static void eraseAll(core::db::Transaction& tx, const core::Uuid& repository);
};

} // namespace restic
