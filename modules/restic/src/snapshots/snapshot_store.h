#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// A snapshot that is, or was, in a repository.
struct Snapshot {
    core::Uuid id;
    core::Uuid repository;
    std::optional<core::Uuid> target;
    std::optional<core::Uuid> policy;
    std::optional<core::Uuid> run;
    std::string snapshotId; ///< 64 hexadecimal digits
    std::string shortId;    ///< the first 8
    core::Instant time;
    std::optional<std::string> hostname;
    std::optional<std::string> username;
    std::vector<std::string> paths;
    std::vector<std::string> tags;
    std::optional<std::string> parent;
    std::optional<std::string> tree;
    std::string source; ///< agent_report or direct_poll
    std::optional<std::int64_t> fileCount;
    std::optional<std::int64_t> sizeBytes;
    /// Known to be gone since then.
    std::optional<core::Instant> removedAt;
};

/// Rows of restic_snapshots, unique by repository and snapshot id.
class SnapshotStore {
public:
    /// False if it was there already.
    static bool insert(core::db::Transaction& tx, const Snapshot& snapshot, core::Instant now);
    /// The snapshot is known, by its whole id or by the first digits of it, which are completed then; it is
    /// in the repository, whatever was thought of it.
    static bool complete(core::db::Transaction& tx, const core::Uuid& repository,
                         const std::string& snapshotId);
    static std::optional<Snapshot> find(core::db::Transaction& tx, const core::Uuid& id);
    struct Filter {
        std::optional<core::Uuid> target;
        std::optional<core::Uuid> policy;
        std::optional<core::Uuid> repository;
        std::optional<core::Uuid> run;
    };
    /// Those that are there.
    static std::vector<Snapshot> list(core::db::Transaction& tx, const Filter& filter,
                                      const core::http::PageQuery& page);
};

} // namespace restic
