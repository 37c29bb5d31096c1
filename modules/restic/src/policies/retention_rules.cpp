#include "policies/retention_rules.h"

#include "field_rules.h"

namespace restic {

const core::wire::Type& wireType(const RetentionRules*) {
    static const auto type =
        core::wire::object<RetentionRules>("RetentionRules", core::wire::strict,
                                           "How many snapshots are kept")
            .field("keep_last", &RetentionRules::keepLast, {.max = 100000})
            .field("keep_hourly", &RetentionRules::keepHourly, {.max = 100000})
            .field("keep_daily", &RetentionRules::keepDaily, {.max = 100000})
            .field("keep_weekly", &RetentionRules::keepWeekly, {.max = 100000})
            .field("keep_monthly", &RetentionRules::keepMonthly, {.max = 100000})
            .field("keep_yearly", &RetentionRules::keepYearly, {.max = 100000})
            .field("keep_tags", &RetentionRules::keepTags,
                   {.doc = "Snapshots with one of these tags are kept beside what the counts keep, as those "
                           "with the tag pinned always are",
                    .optional = true,
                    .minLength = 1,
                    .maxLength = 255,
                    .maxItems = protocol::kMostKeepTags,
                    .check = checkTag})
            .build();
    return type;
}

protocol::Retention retentionOf(const RetentionRules& rules) {
    return {rules.keepLast,    rules.keepHourly, rules.keepDaily, rules.keepWeekly,
            rules.keepMonthly, rules.keepYearly, rules.keepTags};
}

RetentionRules rulesOf(const protocol::Retention& keep) {
    return {keep.keepLast,    keep.keepHourly, keep.keepDaily, keep.keepWeekly,
            keep.keepMonthly, keep.keepYearly, keep.keepTags};
}

} // namespace restic
