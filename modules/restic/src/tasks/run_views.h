#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/wire.h"
#include "tasks/run_store.h"

/// What people's API takes and answers of backup runs: declared here once.
namespace restic {

struct SnapshotRef {
    core::Uuid id;
    std::string snapshotId;
};

struct RunView {
    core::Uuid id;
    core::Uuid tenantId;
    core::Uuid agentId;
    std::string agentHostname;
    std::optional<core::Uuid> policyId;
    std::optional<std::string> policyName;
    std::optional<core::Uuid> targetId;
    std::optional<std::string> targetName;
    core::Instant startTime;
    std::optional<core::Instant> endTime;
    std::string status;
    bool unreachable = false;
    std::optional<std::string> errorMessage;
    std::optional<std::int64_t> filesNew, filesChanged, filesUnmodified;
    std::optional<std::int64_t> dirsNew, dirsChanged, dirsUnmodified;
    std::optional<std::int64_t> dataAdded, dataAddedPacked, totalFilesProcessed, totalBytesProcessed;
    std::optional<double> durationSeconds;
    std::optional<std::string> snapshotId;
    std::vector<SnapshotRef> snapshots;
    std::int64_t unreadCount = 0;
    core::json::Value unreadItems;
    core::Instant createdAt;
    core::Instant updatedAt;
    static RunView of(const BackupRun& run, const core::Uuid& tenant);
};

struct RunQuery : core::http::PageQuery {
    std::optional<core::Uuid> agentId;
    std::optional<core::Uuid> policyId;
    std::optional<core::Uuid> targetId;
    std::optional<std::string> status;
};

const core::wire::Type& wireType(const SnapshotRef*);
const core::wire::Type& wireType(const RunView*);
const core::wire::Type& wireType(const RunQuery*);

} // namespace restic
