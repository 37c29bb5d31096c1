#pragma once

#include <map>
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
    std::string source = "agent_report"; ///< or direct_poll: who found it first
    std::optional<std::int64_t> fileCount;
    std::optional<std::int64_t> sizeBytes;
    /// The dumps of databases that are in it, see dumps/dump_of_snapshot.h; null: none.
    core::json::Value dumps;
    /// It is a dump and nothing else.
    bool ownDump = false;
    /// Known to be gone since then.
    std::optional<core::Instant> removedAt;
    /// When the row was made; not read again.
    core::Instant recordedAt;
};

/// Rows of restic_snapshots, unique by repository and snapshot id.
class SnapshotStore {
public:
    /// False if it was there already.
    static bool insert(core::db::Transaction& tx, const Snapshot& snapshot, core::Instant now);
    /// The same for one that confirm() has not named, neither in full nor by its first digits: one statement.
    static bool insertUnknown(core::db::Transaction& tx, Snapshot snapshot, core::Instant now);
    /// When somebody first told of it; nullopt for one that is not known.
    static std::optional<core::Instant> recordedAt(core::db::Transaction& tx, const core::Uuid& repository,
                                                   const std::string& snapshotId);
    /// A run says that it made a snapshot which was found by looking, before: the row is the run's, with its
    /// target, and keeps its source. False if there is none.
    static bool claim(core::db::Transaction& tx, const Snapshot& snapshot);
    /// What was known of a snapshot that is in the repository.
    struct Confirmed {
        bool wasRemoved = false;
        std::optional<core::Uuid> target;
    };
    /// A listing names these snapshots now: returns those that are known, by these ids. A row that has the
    /// first digits only is completed, one that was marked as removed no longer is.
    static std::map<std::string, Confirmed> confirm(core::db::Transaction& tx, const core::Uuid& repository,
                                                    const std::vector<std::string>& snapshotIds,
                                                    core::Instant now);
    static std::optional<Snapshot> find(core::db::Transaction& tx, const core::Uuid& id);
    /// restic's id of the only snapshot of that repository whose id begins so.
    static std::optional<std::string> fullId(core::db::Transaction& tx, const core::Uuid& repository,
                                             const std::string& beginning);
    /// Of these rows those that are in that repository and not removed: restic's whole ids by them.
    static std::map<core::Uuid, std::string> present(core::db::Transaction& tx, const core::Uuid& repository,
                                                     const std::vector<core::Uuid>& ids);
    /// The other way about: rows by restic's ids.
    static std::map<std::string, core::Uuid> rowsOf(core::db::Transaction& tx, const core::Uuid& repository,
                                                    const std::vector<std::string>& snapshotIds);
    struct Filter {
        std::optional<core::Uuid> target = {};
        std::optional<core::Uuid> policy = {};
        std::optional<core::Uuid> repository = {};
        std::optional<core::Uuid> run = {};
        /// Dumps of databases only, or none of them.
        std::optional<bool> dumps = {};
        std::optional<std::string> hostname = {};
        /// One of its tags, whole.
        std::optional<std::string> tag = {};
        /// What was saved has this absolute path, or a folder above it: whether it is there only a look
        /// tells.
        std::optional<std::string> path = {};
        /// Made then or later, and not later than.
        std::optional<core::Instant> from = {};
        std::optional<core::Instant> until = {};
    };
    /// Those that are there.
    static std::vector<Snapshot> list(core::db::Transaction& tx, const Filter& filter,
                                      const core::http::PageQuery& page);
};

} // namespace restic
