#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/wire.h"

/// What people's API takes and answers of policies: declared here once.
namespace restic {

struct RetentionRules {
    std::optional<int> keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly;
};

struct PluginUse {
    std::string name;
    /// The name of settings that stand on the agent.
    std::optional<std::string> set;
    core::json::Object settings;
    std::string onError = "fail";
    bool withFiles = false;
};

struct PolicyInput {
    std::string name;
    bool enabled = true;
    std::string schedule;
    std::string timezone = "UTC";
    std::vector<std::string> includePaths;
    std::vector<std::string> excludePaths;
    std::vector<std::string> tags;
    std::optional<RetentionRules> retentionRules;
    int priority = 0;
    std::int64_t timeoutSeconds = 21600;
    std::optional<std::int64_t> maxAgeHours;
    std::optional<std::int64_t> minSizeBytes;
    std::optional<core::Uuid> repositoryId;
    std::optional<std::string> repositoryUrl;
    std::optional<std::string> repositoryType;
    std::optional<core::json::Object> repositoryConfig;
    std::vector<PluginUse> plugins;
    std::string catchUp = "one";
};

struct LinkView {
    core::Uuid agentId;
    std::string hostname;
    std::optional<core::Instant> nextRunAt;
    bool placeholder = false;
};

struct PolicyView {
    core::Uuid id;
    std::string name;
    bool enabled = true;
    std::string schedule;
    std::string timezone;
    std::vector<std::string> includePaths;
    std::vector<std::string> excludePaths;
    std::vector<std::string> tags;
    RetentionRules retentionRules;
    int priority = 0;
    std::int64_t timeoutSeconds = 0;
    std::optional<std::int64_t> maxAgeHours;
    std::optional<std::int64_t> minSizeBytes;
    std::optional<core::Uuid> repositoryId;
    std::optional<std::string> repositoryUrl;
    std::optional<std::string> repositoryType;
    std::optional<core::json::Object> repositoryConfig;
    core::json::Value plugins;
    std::string catchUp;
    bool awaitingAdoption = false;
    std::vector<LinkView> agents;
    std::optional<std::string> lastRunStatus;
    std::optional<core::Instant> lastRunAt;
    std::optional<core::Instant> nextRunAt;
    core::Instant createdAt;
    core::Instant updatedAt;
};

struct PolicyQuery : core::http::PageQuery {
    std::optional<std::string> name;
    std::optional<bool> enabled;
};

struct PreviewInput {
    std::string schedule;
    std::string timezone = "UTC";
    std::optional<core::Instant> from;
    int count = 5;
};

struct PreviewView {
    std::vector<core::Instant> next;
    bool varies = false;
};

const core::wire::Type& wireType(const RetentionRules*);
const core::wire::Type& wireType(const PluginUse*);
const core::wire::Type& wireType(const PolicyInput*);
const core::wire::Type& wireType(const LinkView*);
const core::wire::Type& wireType(const PolicyView*);
const core::wire::Type& wireType(const PolicyQuery*);
const core::wire::Type& wireType(const PreviewInput*);
const core::wire::Type& wireType(const PreviewView*);

} // namespace restic
