#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/wire.h"
#include "restic/protocol/task_messages.h"

namespace restic {

/// How much is kept, as people say it. Negative counts pass the declaration: they have an error of their own.
struct RetentionRules {
    std::optional<int> keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly;
    /// Snapshots with one of these tags are kept beside that.
    std::vector<std::string> keepTags = {};
};
const core::wire::Type& wireType(const RetentionRules*);

[[nodiscard]] protocol::Retention retentionOf(const RetentionRules& rules);
[[nodiscard]] RetentionRules rulesOf(const protocol::Retention& keep);

} // namespace restic
