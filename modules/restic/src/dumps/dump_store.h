#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "dumps/dump_of_snapshot.h"
#include "restic/protocol/dump_messages.h"

namespace restic {

/// The present state of one database of a target that a plugin dumps.
struct KnownDump {
    std::string plugin;
    std::string set;
    std::string database;
    std::string state; ///< saved, failed, empty
    std::optional<std::string> error;
    std::optional<std::string> snapshotId;
    std::optional<core::Instant> lastSavedAt;
    core::Instant lastTriedAt;
    /// Sizes of the last dumps, the newest first.
    std::vector<std::int64_t> recentBytes;
    /// The last restore test of one of its dumps, and why it failed.
    std::optional<core::Instant> verifiedAt;
    std::optional<std::string> verifyError;
};

/// Rows of restic_dumps.
class DumpStore {
public:
    /// So many sizes are kept.
    static constexpr std::size_t kSizes = 5;

    static std::vector<KnownDump> of(core::db::Transaction& tx, const core::Uuid& target);
    struct OfAgent {
        KnownDump dump;
        core::Uuid target;
        /// The row of its last snapshot, where that is still there.
        std::optional<core::Uuid> snapshot;
        std::optional<std::string> policy;
    };
    static std::vector<OfAgent> ofAgent(core::db::Transaction& tx, const core::Uuid& agent);
    static void record(core::db::Transaction& tx, const core::Uuid& target,
                       const protocol::DumpResult& result, core::Instant now);
    /// A restore test of a dump of this database has ended; nothing of one that is not known.
    static void recordVerified(core::db::Transaction& tx, const core::Uuid& target,
                               const DumpOfSnapshot& dump, const std::optional<std::string>& error,
                               core::Instant now);
    /// "DATABASE: WHY" of one whose last restore test failed; nullopt where there is none.
    static std::optional<std::string> failedTest(core::db::Transaction& tx, const core::Uuid& target);
    /// A dump of this repository that may be tried.
    struct Candidate {
        core::Uuid agent;
        core::Uuid target;
        core::Uuid snapshot;
        std::string plugin;
        std::string set;
        std::string database;
    };
    /// The last dump of each database, of each agent the one first that was not tried for longest.
    static std::vector<Candidate> candidates(core::db::Transaction& tx, const core::Uuid& repository);
    /// What is no longer dumped: all but those that a whole run named.
    static void keepOnly(core::db::Transaction& tx, const core::Uuid& target,
                         const std::vector<protocol::DumpResult>& results);
};

/// What makes a dump that was saved doubtful: it is smaller than half the median of its last ones. Nothing if
/// it is not, or too few are known.
[[nodiscard]] std::optional<std::string> doubtAboutSize(const protocol::DumpResult& result,
                                                        const std::vector<KnownDump>& known);

} // namespace restic
