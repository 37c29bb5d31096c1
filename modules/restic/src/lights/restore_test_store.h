#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"

namespace restic {

/// The last restore test of a target's files.
struct RestoreTest {
    core::Uuid task;
    std::string snapshotId; ///< restic's
    core::Instant endedAt;
    bool good = false;
    std::optional<std::string> message = {}; ///< why it failed
    std::int64_t files = 0;
    std::int64_t totalFiles = 0;
    std::int64_t bytes = 0;
    core::milliseconds duration{};
};

/// As `/status` shows it.
struct RestoreTestView {
    core::Uuid taskId;
    std::string snapshotId;
    core::Instant at;
    bool good = false;
    std::optional<std::string> message;
    std::int64_t files = 0;
    std::int64_t totalFiles = 0;
    std::int64_t bytes = 0;
    double seconds = 0;
    double sharePercent = 0;

    static RestoreTestView of(const RestoreTest& test);
};
const core::wire::Type& wireType(const RestoreTestView*);

/// Rows of restic_restore_tests: one for each target.
class RestoreTestStore {
public:
    /// Of a row with task_id, snapshot_id, ended_at_us, good, message, files, total_files, bytes and
    /// duration_ms from the column `first` on; nullopt where there was no test.
    static std::optional<RestoreTest> read(const core::db::Row& row, std::size_t first);

    static void record(core::db::Transaction& tx, const core::Uuid& target, const RestoreTest& test);
    /// Why the last one of the target's files failed; nullopt where it did not.
    static std::optional<std::string> failed(core::db::Transaction& tx, const core::Uuid& target);

    /// A target whose newest snapshot of files may be tried.
    struct Candidate {
        core::Uuid target;
        core::Uuid agent;
        core::Uuid snapshot;
        std::string snapshotId;
    };
    /// Of a repository, at most so many: first those that were not tried for longest.
    static std::vector<Candidate> candidates(core::db::Transaction& tx, const core::Uuid& repository,
                                             int limit);
};

} // namespace restic
