#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compliance/compliance_store.h"
#include "core/db/database.h"

namespace restic {

/// What is promised and what is so, put together now; since when a violation is known comes from the last
/// evaluations. Thread-safe; every call runs in the caller's transaction.
class ComplianceService {
public:
    ComplianceService(const core::Clock& clock, const StatusService& status)
        : clock_(clock), status_(status) {}

    /// Of all targets that are not disabled, or of those of one policy, by name.
    [[nodiscard]] std::vector<ComplianceReport>
    evaluateAll(core::db::Transaction& tx, const std::optional<core::Uuid>& policy = {}) const;

private:
    const core::Clock& clock_;
    const StatusService& status_;
};

/// One line for each target behind a line of names, as RFC 4180 has it; what a spreadsheet would take for a
/// formula is marked as text.
[[nodiscard]] std::string asCsv(const std::vector<ComplianceReport>& reports);

/// What a month's report tells of one target.
struct ReportedTarget {
    ComplianceReport now;
    std::vector<ComplianceDay> days; ///< of the month, those that were looked at
};
/// A page to print: for each target its days and what was missing. `language` is "de" or "en".
[[nodiscard]] std::string asPage(const std::string& month, const std::vector<ReportedTarget>& targets,
                                 const std::string& language, core::Instant now);

} // namespace restic
