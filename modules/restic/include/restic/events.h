#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/event.h"
#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"

/// What the restic module tells other modules; docs/events.md lists it.
namespace restic::events {

namespace wire = core::wire;

namespace detail {
/// Texts of an event are read again as they were published, whatever their length.
inline constexpr std::size_t kAnyLength = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kAnyCount = 1000000;

/// The fields that every event has.
template <typename E>
wire::ObjectBuilder<E> event(std::string name, std::string doc) {
    auto builder = wire::object<E>(std::move(name), wire::tolerant, std::move(doc));
    builder.field("tenant_id", &E::tenant, {.doc = "Whose it is"})
        .field("timestamp", &E::at, {.doc = "When it happened"});
    return builder;
}
} // namespace detail

struct AgentRegistered {
    static constexpr std::string_view kKey = "restic.agent.registered";
    core::Uuid tenant;
    core::Uuid agent;
    std::string hostname;
    std::string version;
    core::Instant at;
};
inline const wire::Type& wireType(const AgentRegistered*) {
    using E = AgentRegistered;
    static const auto type = detail::event<E>("AgentRegistered", "A machine joined")
                                 .field("agent_id", &E::agent)
                                 .field("hostname", &E::hostname)
                                 .field("version", &E::version, {.doc = "Of its agent"})
                                 .build();
    return type;
}

struct AgentOffline {
    static constexpr std::string_view kKey = "restic.agent.offline";
    static constexpr bool kDurable = true;
    core::Uuid tenant;
    core::Uuid agent;
    std::string hostname;
    std::optional<core::Instant> lastHeartbeat;
    core::Instant at;
};
inline const wire::Type& wireType(const AgentOffline*) {
    using E = AgentOffline;
    static const auto type =
        detail::event<E>("AgentOffline", "A machine has been silent for restic.agents.heartbeat_timeout")
            .field("agent_id", &E::agent)
            .field("hostname", &E::hostname)
            .field("last_heartbeat", &E::lastHeartbeat, {.doc = "null if there was none"})
            .build();
    return type;
}

struct TaskCreated {
    static constexpr std::string_view kKey = "restic.task.created";
    core::Uuid tenant;
    core::Uuid task;
    std::string type;
    core::Uuid agent;
    std::optional<core::Uuid> target;
    int priority = 0;
    core::Instant at;
};
inline const wire::Type& wireType(const TaskCreated*) {
    using E = TaskCreated;
    static const auto type = detail::event<E>("TaskCreated", "A task waits for its agent")
                                 .field("task_id", &E::task)
                                 .field("type", &E::type, {.doc = "What is to be done: \"backup\""})
                                 .field("agent_id", &E::agent)
                                 .field("target_id", &E::target)
                                 .field("priority", &E::priority, {.doc = "Higher ones first"})
                                 .build();
    return type;
}

struct TaskScheduled {
    static constexpr std::string_view kKey = "restic.task.scheduled";
    core::Uuid tenant;
    core::Uuid task;
    core::Uuid policy;
    std::optional<core::Uuid> target;
    core::Instant scheduledAt;
    core::Instant at;
};
inline const wire::Type& wireType(const TaskScheduled*) {
    using E = TaskScheduled;
    static const auto type =
        detail::event<E>("TaskScheduled", "A policy's schedule made a task; follows its TaskCreated")
            .field("task_id", &E::task)
            .field("policy_id", &E::policy)
            .field("target_id", &E::target)
            .field("scheduled_at", &E::scheduledAt, {.doc = "The time that the schedule names"})
            .build();
    return type;
}

struct TaskCompleted {
    static constexpr std::string_view kKey = "restic.task.completed";
    static constexpr bool kDurable = true;
    core::Uuid tenant;
    core::Uuid task;
    std::string status;
    double durationSeconds = 0;
    std::string snapshotId;
    std::string error;
    core::Instant at;
};
inline const wire::Type& wireType(const TaskCompleted*) {
    using E = TaskCompleted;
    static const auto type =
        detail::event<E>("TaskCompleted", "A task ended, well or not; for backups BackupCompleted follows")
            .field("task_id", &E::task)
            .field("status", &E::status, {.doc = "How: \"success\", \"warning\", \"failed\", \"cancelled\""})
            .field("duration_seconds", &E::durationSeconds)
            .field("snapshot_id", &E::snapshotId, {.doc = "Empty if there is none"})
            .field("error", &E::error,
                   {.doc = "What went wrong, for people; else empty", .maxLength = detail::kAnyLength})
            .build();
    return type;
}

struct BackupCompleted {
    static constexpr std::string_view kKey = "restic.backup.completed";
    static constexpr bool kDurable = true;
    core::Uuid tenant;
    core::Uuid run;
    core::Uuid agent;
    std::string agentHostname;
    std::optional<core::Uuid> target;
    std::string targetName;
    std::optional<core::Uuid> policy;
    std::string policyName;
    std::string status;
    std::string snapshotId;
    std::string error;
    std::string message;
    int attempts = 1;
    core::Instant at;
};
inline const wire::Type& wireType(const BackupCompleted*) {
    using E = BackupCompleted;
    // What was added later is optional: events that an earlier build wrote are delivered as well.
    static const auto type =
        detail::event<E>("BackupCompleted",
                         "A backup ended, well or not, and will not be tried again by itself")
            .field("backup_run_id", &E::run)
            .field("agent_id", &E::agent, {.optional = true})
            .field("agent_hostname", &E::agentHostname, {.optional = true})
            .field("target_id", &E::target)
            .field("target_name", &E::targetName, {.doc = "Empty if it has no target", .optional = true})
            .field("policy_id", &E::policy)
            .field("policy_name", &E::policyName, {.doc = "Empty if it has no policy", .optional = true})
            .field("status", &E::status, {.doc = "As of its task"})
            .field("snapshot_id", &E::snapshotId, {.doc = "Empty if there is none"})
            .field("error", &E::error, {.doc = "The error's name if it failed, else empty", .optional = true})
            .field("message", &E::message,
                   {.doc = "Why it failed or is a warning, for people; else empty",
                    .optional = true,
                    .maxLength = detail::kAnyLength})
            .field("attempts", &E::attempts, {.doc = "How often it was tried", .optional = true})
            .build();
    return type;
}

struct HealthChanged {
    static constexpr std::string_view kKey = "restic.health.changed";
    core::Uuid tenant;
    core::Uuid target;
    std::string targetName;
    bool oldHealth = false;
    bool newHealth = false;
    std::string errorMsg;
    core::Instant at;
};
inline const wire::Type& wireType(const HealthChanged*) {
    using E = HealthChanged;
    static const auto type =
        detail::event<E>("HealthChanged", "A target that was well is not any more, or the other way round")
            .field("target_id", &E::target)
            .field("target_name", &E::targetName)
            .field("old_health", &E::oldHealth)
            .field("new_health", &E::newHealth)
            .field("error_msg", &E::errorMsg,
                   {.doc = "Empty for one that is well", .maxLength = detail::kAnyLength})
            .build();
    return type;
}

struct SnapshotDiscovered {
    static constexpr std::string_view kKey = "restic.snapshot.discovered";
    core::Uuid tenant;
    std::optional<core::Uuid> target;
    std::string snapshotId;
    std::string hostname;
    std::vector<std::string> paths;
    std::vector<std::string> tags;
    core::Instant at;
};
inline const wire::Type& wireType(const SnapshotDiscovered*) {
    using E = SnapshotDiscovered;
    static const auto type =
        detail::event<E>("SnapshotDiscovered", "A snapshot that was not known before")
            .field("target_id", &E::target)
            .field("snapshot_id", &E::snapshotId)
            .field("hostname", &E::hostname, {.doc = "Empty if it is not known"})
            .field("paths", &E::paths, {.maxLength = detail::kAnyLength, .maxItems = detail::kAnyCount})
            .field("tags", &E::tags, {.maxLength = detail::kAnyLength, .maxItems = detail::kAnyCount})
            .build();
    return type;
}

struct PolicyViolation {
    static constexpr std::string_view kKey = "restic.policy.violated";
    static constexpr bool kDurable = true;
    core::Uuid tenant;
    core::Uuid target;
    std::optional<core::Uuid> policy;
    std::string type;
    std::string severity;
    std::string description;
    core::Instant at;
};
inline const wire::Type& wireType(const PolicyViolation*) {
    using E = PolicyViolation;
    static const auto type =
        detail::event<E>("PolicyViolation", "A target has no longer what is promised of it")
            .field("target_id", &E::target)
            .field("policy_id", &E::policy, {.doc = "null for a target without one"})
            .field("type", &E::type,
                   {.doc = "\"snapshot_too_old\", \"no_recent_backup\", \"retention_violated\", "
                           "\"backup_failed\""})
            .field("severity", &E::severity, {.doc = "\"info\", \"warning\", \"critical\""})
            .field("description", &E::description, {.doc = "For people", .maxLength = detail::kAnyLength})
            .build();
    return type;
}

/// For Module::events().
inline std::vector<core::event::Declaration> all() {
    using core::event::Declaration;
    return {Declaration::of<AgentRegistered>(),    Declaration::of<AgentOffline>(),
            Declaration::of<TaskCreated>(),        Declaration::of<TaskScheduled>(),
            Declaration::of<TaskCompleted>(),      Declaration::of<BackupCompleted>(),
            Declaration::of<SnapshotDiscovered>(), Declaration::of<HealthChanged>(),
            Declaration::of<PolicyViolation>()};
}

} // namespace restic::events
