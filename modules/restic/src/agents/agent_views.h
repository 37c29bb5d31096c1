#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agents/agent_store.h"
#include "core/http/page.h"
#include "core/wire.h"

/// What people's API takes and answers of agents and of the tokens with which they enrol: declared here once.
namespace restic {

// The analyzer loses what the variant of a Result holds.
// NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign)
struct RegistrationTokenInput {
    std::optional<std::int64_t> ttlSeconds;
    int maxUses = 1;
    std::optional<std::string> hostname;
};

struct RegistrationTokenView {
    core::Uuid id;
    std::string token;
    core::Instant expiresAt;
    std::string installCommand;
};

/// A registration token that still works, as people see it afterwards: without the token.
struct OpenRegistrationView {
    core::Uuid id;
    std::optional<std::string> hostname;
    int maxUses = 1;
    int uses = 0;
    std::string createdBy;
    core::Instant createdAt;
    core::Instant expiresAt;
};

struct AgentView {
    core::Uuid id;
    std::string hostname;
    std::optional<std::string> label;
    std::string os;
    std::string arch;
    std::string version;
    std::string status;
    bool paused = false;
    int maxConcurrentTasks = 2;
    std::vector<std::string> tags;
    std::optional<core::Instant> lastSeenAt;
    core::json::Value metadata;
    bool placeholder = false;
    core::Instant createdAt;
    core::Instant updatedAt;
    static AgentView of(const Agent& agent);
};

struct AgentUpdate {
    std::optional<std::string> label;
    std::optional<bool> paused;
    std::optional<int> maxConcurrentTasks;
    std::optional<std::vector<std::string>> tags;
};

struct AgentQuery : core::http::PageQuery {
    std::optional<std::string> status;
    std::optional<std::string> hostname;
};

const core::wire::Type& wireType(const RegistrationTokenInput*);
const core::wire::Type& wireType(const RegistrationTokenView*);
const core::wire::Type& wireType(const OpenRegistrationView*);
const core::wire::Type& wireType(const AgentView*);
const core::wire::Type& wireType(const AgentUpdate*);
const core::wire::Type& wireType(const AgentQuery*);

} // namespace restic
