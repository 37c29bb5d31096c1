#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// A folder of a snapshot that somebody asked for.
struct ListedFolder {
    core::Uuid task;
    /// Of that task: whose items the folder's entries are.
    int attempt = 1;
    std::int64_t entries = 0;
    /// Absent: the task is at it, or has failed.
    std::optional<core::Instant> listedAt;
    core::Instant usedAt;
};

/// The index of what is known of snapshots' folders, rows of restic_listed_folders. Its entries are the items
/// of tasks, which history leaves alone while they are in here; what is dropped goes with them.
class ListedFolders {
public:
    /// What a folder counts beside its entries: many empty ones are many rows too.
    static constexpr std::int64_t kOfItself = 10;

    static std::optional<ListedFolder> find(core::db::Transaction& tx, const core::Uuid& snapshot,
                                            const std::string& path);
    /// That task lists it; of one that is listed already nothing changes.
    static void begin(core::db::Transaction& tx, const core::Uuid& snapshot, const std::string& path,
                      const core::Uuid& task, core::Instant now);
    /// The task has listed it: from now on it is known. Then the tenant's others that were not used for the
    /// longest time go, until all of them count no more than `most`.
    static void listed(core::db::Transaction& tx, const core::Uuid& snapshot, const std::string& path,
                       const ListedFolder& folder, std::int64_t most);
    /// Somebody looks at it.
    static void use(core::db::Transaction& tx, const core::Uuid& snapshot, const std::string& path,
                    core::Instant now);
    /// All of these snapshots, with their entries.
    static void drop(core::db::Transaction& tx, const std::vector<core::Uuid>& snapshots);
};

} // namespace restic
