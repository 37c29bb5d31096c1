#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"
#include "lights/light.h"
#include "lights/restore_test_store.h"
#include "policies/target_store.h"

namespace restic {

/// Why a target is not well.
struct TargetProblem {
    std::string error;
    std::string message;
    std::optional<std::string> cause = {}; ///< of BackupFailed: the task's error
};

/// How one protected thing is: what the dashboard and old scripts read.
struct TargetStatus {
    core::Uuid id;
    std::string name;
    std::string mode;
    std::optional<core::Uuid> agentId;
    std::optional<core::Uuid> repositoryId;
    std::optional<std::string> agentHostname;
    std::optional<std::string> agentStatus;
    std::optional<core::Uuid> policyId;
    std::optional<std::string> policyName;
    std::string status; ///< healthy, warning, unhealthy, unknown, disabled
    std::optional<core::Instant> lastSnapshot;
    std::optional<std::int64_t> snapshotAgeHours;
    std::string source; ///< agent_report or direct_poll
    Lights lights;
    /// The next snapshot should be there by now.
    bool isLate = false;
    /// What that was judged by, and the zone whose days count.
    std::optional<std::int64_t> maxAgeHours;
    std::optional<std::string> timezone;
    bool disabled = false;
    std::optional<TargetProblem> error;
    std::optional<core::Instant> checkedAt;
    std::optional<core::Instant> seenAt;
    std::optional<core::Instant> nextCheckAt;
    std::int64_t snapshotCount = 0;
    std::optional<std::string> latestSnapshotId;
    std::optional<core::Uuid> lastRunId;
    std::optional<std::string> lastRunStatus;
    std::optional<core::Instant> lastRunAt;
    std::optional<core::Instant> nextRunAt;
    std::optional<core::Uuid> runningTaskId;
    /// What its whole repository took up when that was last counted.
    std::optional<std::int64_t> repositoryBytes;
    /// The last one of its files.
    std::optional<RestoreTestView> restoreTest;
};
const core::wire::Type& wireType(const TargetProblem*);
const core::wire::Type& wireType(const TargetStatus*);

/// Puts the state of targets together from runs, snapshots and schedules.
class StatusService {
public:
    /// `standardAge`: how old a direct target's last snapshot may be where nothing says it.
    StatusService(core::db::Database& database, const core::Clock& clock,
                  core::milliseconds standardAge = std::chrono::hours(48))
        : database_(database), clock_(clock), standardAge_(standardAge) {}

    /// All targets by name. `maxAgeHours` overrides the policies' own.
    std::vector<TargetStatus> list(const core::TenantContext& context,
                                   std::optional<std::int64_t> maxAgeHours);
    /// Throws kTargetNotFound.
    TargetStatus get(const core::TenantContext& context, const std::string& name,
                     std::optional<std::int64_t> maxAgeHours);

    /// The same in the caller's transaction.
    std::vector<TargetStatus> all(core::db::Transaction& tx) const;
    /// One of the transaction's tenant, by its id.
    std::optional<TargetStatus> find(core::db::Transaction& tx, const core::Uuid& target) const;

private:
    /// `condition` may name its value as $2.
    std::vector<TargetStatus> load(core::db::Transaction& tx, const std::string& condition,
                                   std::optional<core::db::Param> value,
                                   std::optional<std::int64_t> maxAgeHours) const;

    core::db::Database& database_;
    const core::Clock& clock_;
    core::milliseconds standardAge_;
};

} // namespace restic
