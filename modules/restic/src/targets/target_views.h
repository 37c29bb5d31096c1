#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/wire.h"
#include "policies/target_store.h"
#include "polling/health_check_store.h"
#include "polling/probe_store.h"

/// What people's API takes and answers of targets: declared here once.
namespace restic {

struct TargetInput {
    std::string name;
    std::string mode = "direct";
    std::optional<core::Uuid> repositoryId;
    std::optional<core::Uuid> agentId;
    std::optional<core::Uuid> policyId;
    std::optional<std::int64_t> maxAgeHours;
    bool disabled = false;
};

/// One kind of look at a target without an agent.
struct ProbeView {
    std::string kind;
    bool running = false;
    std::optional<core::Instant> nextAt;
    std::optional<core::Instant> checkedAt;
    std::optional<core::Instant> goodAt;
    std::optional<std::string> error;
    std::optional<std::string> message;
    std::optional<core::Instant> errorSince;
};

struct TargetView {
    core::Uuid id;
    std::string name;
    std::string mode;
    std::optional<core::Uuid> repositoryId;
    std::optional<core::Uuid> agentId;
    std::optional<core::Uuid> policyId;
    std::optional<std::int64_t> maxAgeHours;
    bool disabled = false;
    std::vector<ProbeView> probes;
    core::Instant createdAt;
    core::Instant updatedAt;

    static TargetView of(const Target& target, const std::vector<Probe>& probes, core::Instant now);
};

struct HealthCheckView {
    core::Uuid id;
    std::string kind;
    bool healthy = false;
    std::optional<std::string> error;
    std::optional<std::string> message;
    std::optional<std::int64_t> snapshotAgeHours;
    std::optional<std::int64_t> durationMs;
    core::Instant checkedAt;

    static HealthCheckView of(const HealthCheck& check);
};

const core::wire::Type& wireType(const TargetInput*);
const core::wire::Type& wireType(const ProbeView*);
const core::wire::Type& wireType(const TargetView*);
const core::wire::Type& wireType(const HealthCheckView*);

} // namespace restic
