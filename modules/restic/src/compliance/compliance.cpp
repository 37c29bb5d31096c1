#include "compliance/compliance.h"

#include <algorithm>

#include <fmt/format.h>

#include "errors.h"

namespace restic {

using core::wire::object;
using core::wire::tolerant;

const core::wire::Type& wireType(const PolicyViolation*) {
    static const auto type =
        object<PolicyViolation>("PolicyViolation", tolerant, "What is promised and is not so")
            .field("type", &PolicyViolation::type,
                   {.oneOf = {"snapshot_too_old", "no_recent_backup", "retention_violated", "backup_failed"}})
            .field("severity", &PolicyViolation::severity,
                   {.doc = "info: to know, the target complies all the same",
                    .oneOf = {"info", "warning", "critical"}})
            .field("description", &PolicyViolation::description)
            .field("timestamp", &PolicyViolation::timestamp, {.doc = "Since when it is known"})
            .build();
    return type;
}

const core::wire::Type& wireType(const ComplianceReport*) {
    static const auto type =
        object<ComplianceReport>("Compliance", tolerant, "Whether one target has what its policy promises")
            .field("target_id", &ComplianceReport::target)
            .field("target_name", &ComplianceReport::targetName)
            .field("policy_id", &ComplianceReport::policy)
            .field("policy_name", &ComplianceReport::policyName)
            .field("compliant", &ComplianceReport::compliant)
            .field("violations", &ComplianceReport::violations)
            .field("last_backup", &ComplianceReport::lastBackup)
            .field("snapshot_age_seconds", &ComplianceReport::snapshotAgeSeconds)
            .field("next_backup", &ComplianceReport::nextBackup)
            .field("retention_status", &ComplianceReport::retentionStatus,
                   {.oneOf = {"ok", "pending", "violated", "unknown"}})
            .field("evaluated_at", &ComplianceReport::evaluatedAt)
            .build();
    return type;
}

namespace {
/// An age of more than so many times what is allowed is critical.
constexpr int kCriticalAge = 2;
/// Without a limit of its own: a week without a backup.
constexpr std::chrono::hours kCriticalSilence{7 * 24};

std::string retentionStatusOf(const Light& light) {
    if (light.state == "ok")
        return "ok";
    if (light.state == "none")
        return "unknown";
    return light.state == "unknown" || light.reason == "RetentionHeld" ? "pending" : "violated";
}

const char* severityOfAge(const TargetStatus& target, core::Instant now) {
    if (!target.lastSnapshot)
        return "critical";
    const auto limit = target.maxAgeHours ? kCriticalAge * std::chrono::hours(*target.maxAgeHours)
                                          : std::chrono::duration_cast<std::chrono::hours>(kCriticalSilence);
    return now - *target.lastSnapshot > limit ? "critical" : "warning";
}
} // namespace

ComplianceReport evaluate(const TargetStatus& target, core::Instant now) {
    ComplianceReport report;
    report.target = target.id;
    report.targetName = target.name;
    report.policy = target.policyId;
    report.policyName = target.policyName;
    report.lastBackup = target.lastSnapshot;
    if (target.lastSnapshot)
        report.snapshotAgeSeconds =
            std::chrono::duration_cast<std::chrono::seconds>(now - *target.lastSnapshot).count();
    report.nextBackup = target.nextRunAt;
    report.retentionStatus = retentionStatusOf(target.lights.retention);
    report.evaluatedAt = now;
    const auto violated = [&](const char* type, const char* severity, std::string description) {
        report.violations.push_back({type, severity, std::move(description), now});
    };
    const auto& backup = target.lights.backup;
    if (target.isLate) {
        const auto sentence = target.lastSnapshot ? fmt::format("The last snapshot is {} hours old.",
                                                                target.snapshotAgeHours.value_or(0))
                                                  : std::string("There is no snapshot.");
        violated(target.maxAgeHours && target.lastSnapshot ? "snapshot_too_old" : "no_recent_backup",
                 severityOfAge(target, now), sentence);
    }
    if (backup.reason == "BackupFailed" || backup.reason == errors::kSchedulingFailed.name)
        violated("backup_failed", target.isLate ? "critical" : "warning", backup.message.value_or(""));
    else if (backup.state == "bad" && !target.isLate) // what keeps the server from looking
        violated("no_recent_backup", "warning", backup.message.value_or(""));
    if (const auto& retention = target.lights.retention;
        retention.state == "warning" || retention.state == "bad")
        violated("retention_violated",
                 retention.state == "bad"              ? "critical"
                 : retention.reason == "RetentionHeld" ? "info"
                                                       : "warning",
                 retention.message.value_or(""));
    report.compliant = std::all_of(report.violations.begin(), report.violations.end(),
                                   [](const PolicyViolation& one) { return one.severity == "info"; });
    return report;
}

} // namespace restic
