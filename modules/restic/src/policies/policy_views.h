#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/wire.h"
#include "policies/assignment.h"
#include "policies/policy_options.h"
#include "policies/retention_confirmation.h"

/// What people's API takes and answers of policies: declared here once.
namespace restic {

struct PluginUse {
    std::string name;
    /// The name of settings that stand on the agent.
    std::optional<std::string> set;
    core::json::Object settings;
    std::string onError = "fail";
    bool withFiles = false;
};

struct PolicyInput : PolicyOptions, Confirmation {
    std::string name;
    bool enabled = true;
    std::string schedule;
    std::vector<std::string> includePaths;
    std::vector<std::string> excludePaths;
    std::vector<std::string> tags;
    std::optional<core::Uuid> repositoryId;
    std::optional<std::string> repositoryUrl;
    std::optional<std::string> repositoryType;
    std::optional<core::json::Object> repositoryConfig;
    std::vector<PluginUse> plugins;
    std::optional<Assignment> assign;
};

struct LinkView {
    core::Uuid agentId;
    std::string hostname;
    std::optional<core::Instant> nextRunAt;
    bool placeholder = false;
    bool assigned = false;
    core::json::Object options;
};

/// An agent that a policy is assigned to and that does not follow it.
struct UnassignedView {
    core::Uuid agentId;
    std::string hostname;
    std::string reason;
};

/// The options are those that count for the policy.
struct PolicyView : PolicyOptions {
    core::Uuid id;
    std::string name;
    bool enabled = true;
    std::string schedule;
    std::vector<std::string> includePaths;
    std::vector<std::string> excludePaths;
    std::vector<std::string> tags;
    core::json::Object origins;
    std::optional<Assignment> assign;
    std::vector<UnassignedView> unassigned;
    std::optional<core::Uuid> repositoryId;
    std::optional<std::string> repositoryUrl;
    std::optional<std::string> repositoryType;
    std::optional<core::json::Object> repositoryConfig;
    core::json::Value plugins;
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

struct SkippedSlotsView {
    core::Uuid agentId;
    std::string hostname;
    core::Instant first, last;
    int slots = 1;
    std::string reason;
    core::Instant at;
};
struct SkippedSlotsList {
    std::vector<SkippedSlotsView> items;
};

/// What is said for a tenant, or for one agent of a policy.
struct OptionsInput : PolicyOptions, Confirmation {};

/// What counts for one agent of a policy.
struct EffectiveView {
    core::json::Object options; ///< what the link says
    core::json::Object effective;
    core::json::Object origins;
};

struct VersionView {
    int version = 0;
    core::Instant at;
    std::string author;
    std::vector<std::string> changed;
    core::json::Object policy;
};

struct VersionList {
    std::vector<VersionView> items;
};

struct PreviewInput {
    std::string schedule;
    std::string timezone = "UTC";
    std::vector<BlackoutWindow> blackoutWindows;
    std::optional<core::Instant> from;
    int count = 5;
};

struct PreviewView {
    std::vector<core::Instant> next;
    bool varies = false;
};

const core::wire::Type& wireType(const PluginUse*);
const core::wire::Type& wireType(const UnassignedView*);
const core::wire::Type& wireType(const SkippedSlotsView*);
const core::wire::Type& wireType(const SkippedSlotsList*);
const core::wire::Type& wireType(const OptionsInput*);
const core::wire::Type& wireType(const EffectiveView*);
const core::wire::Type& wireType(const VersionView*);
const core::wire::Type& wireType(const VersionList*);
const core::wire::Type& wireType(const PolicyInput*);
const core::wire::Type& wireType(const LinkView*);
const core::wire::Type& wireType(const PolicyView*);
const core::wire::Type& wireType(const PolicyQuery*);
const core::wire::Type& wireType(const PreviewInput*);
const core::wire::Type& wireType(const PreviewView*);

} // namespace restic
