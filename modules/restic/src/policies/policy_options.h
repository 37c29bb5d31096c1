#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "blackout.h"
#include "core/json.h"
#include "core/wire.h"
#include "policies/retention_rules.h"
#include "slot.h"

namespace restic {

/// What of a policy may also be said for a whole tenant, or for one agent alone. An agent goes by the nearest
/// that says something: its link, the policy, the tenant, this program. Absent: the next one says it.
struct PolicyOptions {
    std::optional<std::string> timezone;
    std::optional<RetentionRules> retentionRules;
    std::optional<int> priority;
    std::optional<std::int64_t> timeoutSeconds;
    std::optional<std::int64_t> maxAgeHours;
    std::optional<std::int64_t> minSizeBytes;
    std::optional<std::string> catchUp;
    std::optional<int> catchUpMost;
    std::optional<int> jitterMinutes;
    std::optional<std::vector<BlackoutWindow>> blackoutWindows;
    std::optional<int> limitUploadKib;
    std::optional<int> limitDownloadKib;
    std::optional<bool> oneFileSystem;
    std::optional<std::string> preHook;
    std::optional<std::string> postHook;
};
const core::wire::Type& wireType(const PolicyOptions*);

/// Missed slots of one agent and policy that are made up for, at most.
inline constexpr int kMostCaughtUp = 100;

/// Only what is said: no nulls.
[[nodiscard]] core::json::Object documentOf(const PolicyOptions& options);
/// What a document says. Members that no version of this program knows are as if they were not there.
[[nodiscard]] PolicyOptions optionsIn(const core::json::Object& document);
/// `below` with what `own` says over it.
[[nodiscard]] PolicyOptions over(const PolicyOptions& below, const PolicyOptions& own);

/// For each option who says it: "link", "policy", "tenant" or "default", which is this program.
[[nodiscard]] core::json::Object originsOf(const core::json::Object& link, const core::json::Object& policy,
                                           const core::json::Object& tenant);

/// A schedule of that expression as the options have it; their zone is set.
[[nodiscard]] Schedule scheduleOf(std::string expression, const PolicyOptions& options, std::string key);

} // namespace restic
