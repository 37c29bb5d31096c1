#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/backup_task.h"
#include "tasks/task_store.h"

namespace restic {

/// One backup as people look for it; it has its task's id.
struct BackupRun {
    core::Uuid id;
    core::Uuid agent;
    std::optional<core::Uuid> policy;
    std::optional<core::Uuid> target;
    core::Instant startTime;
    std::optional<core::Instant> endTime;
    std::string status; ///< created, running, success, warning, failed, cancelled
    std::optional<std::string> errorMessage;
    std::optional<std::int64_t> filesNew, filesChanged, filesUnmodified;
    std::optional<std::int64_t> dirsNew, dirsChanged, dirsUnmodified;
    std::optional<std::int64_t> dataAdded, dataAddedPacked, totalFilesProcessed, totalBytesProcessed;
    std::optional<double> durationSeconds;
    std::optional<std::string> snapshotId;
    std::int64_t unreadCount = 0;
    core::json::Value unreadItems = core::json::Array();
    core::Instant createdAt;
    core::Instant updatedAt;
    std::string agentHostname;
    std::optional<std::string> policyName;
    std::optional<std::string> targetName;
};

/// Rows of restic_backup_runs.
class RunStore {
public:
    static void insert(core::db::Transaction& tx, const Task& task);
    static void start(core::db::Transaction& tx, const Task& task, core::Instant now);
    /// Back to `created`, for the next attempt.
    static void reset(core::db::Transaction& tx, const Task& task, core::Instant now);
    static void finish(core::db::Transaction& tx, const Task& task, const std::string& status,
                       const std::optional<std::string>& error, const protocol::BackupResult& result,
                       core::Instant now);
    /// What the target's last five runs that ended well had to save, without that one.
    static std::vector<std::int64_t> lastBytes(core::db::Transaction& tx, const core::Uuid& target,
                                               const core::Uuid& without);
    static std::optional<BackupRun> find(core::db::Transaction& tx, const core::Uuid& id);

    struct Filter {
        std::optional<core::Uuid> agent;
        std::optional<core::Uuid> policy;
        std::optional<core::Uuid> target;
        std::optional<std::string> status;
    };
    static std::vector<BackupRun> list(core::db::Transaction& tx, const Filter& filter,
                                       const core::http::PageQuery& page);
};

/// Where a reader of a log stands: behind the line `seq` of that attempt. Lines of an older attempt that come
/// late shift nobody. As one number: (attempt - 1) * 10^7 + seq, so that of a first attempt it is the line's.
struct LogCursor {
    int attempt = 1;
    std::int64_t seq = 0;

    static constexpr std::int64_t kLinesOfAttempt = 10'000'000;
    static LogCursor of(std::int64_t number) {
        return {static_cast<int>(number / kLinesOfAttempt) + 1, number % kLinesOfAttempt};
    }
    [[nodiscard]] std::int64_t number() const { return (attempt - 1) * kLinesOfAttempt + seq; }
};

/// Lines of tasks, a batch each row.
class LogStore {
public:
    /// Of one attempt: the protocol's 10,000 and room for the lines that say how it ended.
    static constexpr std::int64_t kMostLines = 10'100;
    /// Of one attempt.
    static constexpr std::int64_t kMostBytes = 16LL << 20;
    /// Of one answer.
    static constexpr std::size_t kMostAnswered = 1U << 20U;

    /// Stores what is new of the batch and returns the number of the last line that the agent may forget. A
    /// gap is refused by storing nothing: the agent sends again from there. What is beyond the limits is
    /// taken and not kept, and the log says so.
    static std::int64_t append(core::db::Transaction& tx, const core::Uuid& task,
                               const protocol::LogBatch& batch, core::Instant now);
    /// The same, but the lines are not kept; one says why.
    static std::int64_t leaveOut(core::db::Transaction& tx, const core::Uuid& task,
                                 const protocol::LogBatch& batch, core::Instant now, const std::string& why);
    struct Line {
        std::int64_t seq; ///< within its attempt
        int attempt;
        core::json::Value line;
    };
    struct Page {
        std::vector<Line> lines;
        std::optional<LogCursor> last; ///< of the last line; nullopt if there is none
    };
    /// Lines behind the cursor, by attempt and number; at most `limit`, and about kMostAnswered bytes.
    static Page read(core::db::Transaction& tx, const core::Uuid& task, const LogCursor& after, int limit);
};

} // namespace restic
