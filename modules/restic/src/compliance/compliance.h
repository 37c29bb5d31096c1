#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"
#include "status/status_service.h"

namespace restic {

/// What a policy promises and a target does not have.
struct PolicyViolation {
    std::string type;     ///< snapshot_too_old, no_recent_backup, retention_violated, backup_failed
    std::string severity; ///< info, warning, critical
    std::string description;
    core::Instant timestamp; ///< since when it is known
};

/// Whether one target has what is promised of it.
struct ComplianceReport {
    core::Uuid target;
    std::string targetName;
    std::optional<core::Uuid> policy;
    std::optional<std::string> policyName;
    bool compliant = true;
    std::vector<PolicyViolation> violations;
    std::optional<core::Instant> lastBackup;
    std::optional<std::int64_t> snapshotAgeSeconds;
    std::optional<core::Instant> nextBackup;
    std::string retentionStatus = "unknown"; ///< ok, pending, violated, unknown
    core::Instant evaluatedAt;
};
const core::wire::Type& wireType(const PolicyViolation*);
const core::wire::Type& wireType(const ComplianceReport*);

/// From how the target is; what is no more than a notice (info) does not make it fail. The times of
/// violations are `now`: since when one is known is the store's to say.
[[nodiscard]] ComplianceReport evaluate(const TargetStatus& target, core::Instant now);

} // namespace restic
