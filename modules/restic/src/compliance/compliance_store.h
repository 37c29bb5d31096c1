#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compliance/compliance.h"
#include "core/db/database.h"

namespace restic {

/// A violation that began and has not ended.
struct OpenViolation {
    core::Uuid target;
    std::string type;
    std::string severity;
    std::string description;
    core::Instant since;
};

/// How a target was on one day of its policy's zone: the worst that was found then.
struct ComplianceDay {
    core::Uuid target;
    std::string day;    ///< "2026-03-29"
    std::string status; ///< healthy, warning, unhealthy, unknown
    bool compliant = true;
    /// The kinds of violations of that day, one behind the other with blanks between.
    std::string violations;
};

/// Rows of restic_policy_violations and restic_compliance_days.
class ComplianceStore {
public:
    /// In a system context: the next tenant that has targets.
    static std::optional<core::Uuid> tenantAfter(core::db::Transaction& tx,
                                                 const std::optional<core::Uuid>& tenant);
    /// Those of all targets, by target and type.
    static std::vector<OpenViolation> open(core::db::Transaction& tx);
    static void begin(core::db::Transaction& tx, const ComplianceReport& report,
                      const PolicyViolation& violation, core::Instant now);
    /// It goes on, and is worse or better than it was.
    static void change(core::db::Transaction& tx, const core::Uuid& target, const PolicyViolation& violation);
    static void end(core::db::Transaction& tx, const core::Uuid& target, const std::string& type,
                    core::Instant now);

    /// Of one target, or of all, from that day on and until that one, by target and day.
    static std::vector<ComplianceDay> days(core::db::Transaction& tx, const std::string& from,
                                           const std::string& until,
                                           const std::optional<core::Uuid>& target = {});
    static void record(core::db::Transaction& tx, const std::vector<ComplianceDay>& days);
    /// Days before that one, and violations that ended before.
    static void prune(core::db::Transaction& tx, const std::string& before, core::Instant endedBefore);
};

} // namespace restic
