#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/task_messages.h"
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

/// Lines of tasks, a batch each row.
class LogStore {
public:
    /// Stores what is new of the batch and returns the number of the last stored line. A gap is refused by
    /// storing nothing: the agent sends again from there.
    static std::int64_t append(core::db::Transaction& tx, const core::Uuid& task,
                               const protocol::LogBatch& batch, core::Instant now);
    struct Line {
        std::int64_t seq;
        int attempt;
        core::json::Value line;
    };
    /// Lines after `after` in their order; seq counts over all attempts.
    static std::vector<Line> read(core::db::Transaction& tx, const core::Uuid& task, std::int64_t after,
                                  int limit);
};

} // namespace restic
