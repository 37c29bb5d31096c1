#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

/// What the restic module tells other modules. Each event names its key and has its fields as JSON.
namespace restic::events {

/// AgentRegistered: a machine joined.
struct AgentRegistered {
    static constexpr std::string_view kKey = "restic.agent.registered";
    core::Uuid tenant;
    core::Uuid agent;
    std::string hostname;
    std::string version;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{{"agent_id", agent.toString()},
                                  {"tenant_id", tenant.toString()},
                                  {"hostname", hostname},
                                  {"version", version},
                                  {"timestamp", core::formatInstant(at)}};
    }
};

/// AgentOffline: a machine has been silent for HeartbeatTimeout.
struct AgentOffline {
    static constexpr std::string_view kKey = "restic.agent.offline";
    core::Uuid tenant;
    core::Uuid agent;
    std::string hostname;
    std::optional<core::Instant> lastHeartbeat;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{
            {"agent_id", agent.toString()},
            {"tenant_id", tenant.toString()},
            {"hostname", hostname},
            {"last_heartbeat",
             lastHeartbeat ? core::json::Value(core::formatInstant(*lastHeartbeat)) : nullptr},
            {"timestamp", core::formatInstant(at)}};
    }
};

/// TaskCreated: a task waits for its agent.
struct TaskCreated {
    static constexpr std::string_view kKey = "restic.task.created";
    core::Uuid tenant;
    core::Uuid task;
    std::string type;
    core::Uuid agent;
    std::optional<core::Uuid> target;
    int priority = 0;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{{"task_id", task.toString()},
                                  {"tenant_id", tenant.toString()},
                                  {"type", type},
                                  {"agent_id", agent.toString()},
                                  {"target_id", target ? core::json::Value(target->toString()) : nullptr},
                                  {"priority", priority},
                                  {"timestamp", core::formatInstant(at)}};
    }
};

/// TaskScheduled: a policy's schedule made a task.
struct TaskScheduled {
    static constexpr std::string_view kKey = "restic.task.scheduled";
    core::Uuid tenant;
    core::Uuid task;
    core::Uuid policy;
    std::optional<core::Uuid> target;
    core::Instant scheduledAt;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{{"task_id", task.toString()},
                                  {"tenant_id", tenant.toString()},
                                  {"policy_id", policy.toString()},
                                  {"target_id", target ? core::json::Value(target->toString()) : nullptr},
                                  {"scheduled_at", core::formatInstant(scheduledAt)},
                                  {"timestamp", core::formatInstant(at)}};
    }
};

/// TaskCompleted: a task ended, well or not. For backups it is followed by BackupCompleted.
struct TaskCompleted {
    static constexpr std::string_view kKey = "restic.task.completed";
    core::Uuid tenant;
    core::Uuid task;
    std::string status;
    double durationSeconds = 0;
    std::string snapshotId;
    std::string error;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{
            {"task_id", task.toString()},          {"tenant_id", tenant.toString()}, {"status", status},
            {"duration_seconds", durationSeconds}, {"snapshot_id", snapshotId},      {"error", error},
            {"timestamp", core::formatInstant(at)}};
    }
};

/// BackupCompleted: the same for a backup, with what it saved.
struct BackupCompleted {
    static constexpr std::string_view kKey = "restic.backup.completed";
    core::Uuid tenant;
    core::Uuid run;
    std::optional<core::Uuid> target;
    std::optional<core::Uuid> policy;
    std::string status;
    std::string snapshotId;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{{"backup_run_id", run.toString()},
                                  {"tenant_id", tenant.toString()},
                                  {"target_id", target ? core::json::Value(target->toString()) : nullptr},
                                  {"policy_id", policy ? core::json::Value(policy->toString()) : nullptr},
                                  {"status", status},
                                  {"snapshot_id", snapshotId},
                                  {"timestamp", core::formatInstant(at)}};
    }
};

/// SnapshotDiscovered: a snapshot that was not known before.
struct SnapshotDiscovered {
    static constexpr std::string_view kKey = "restic.snapshot.discovered";
    core::Uuid tenant;
    std::optional<core::Uuid> target;
    std::string snapshotId;
    std::string hostname;
    std::vector<std::string> paths;
    std::vector<std::string> tags;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{{"target_id", target ? core::json::Value(target->toString()) : nullptr},
                                  {"tenant_id", tenant.toString()},
                                  {"snapshot_id", snapshotId},
                                  {"hostname", hostname},
                                  {"paths", core::json::Array(paths.begin(), paths.end())},
                                  {"tags", core::json::Array(tags.begin(), tags.end())},
                                  {"timestamp", core::formatInstant(at)}};
    }
};

} // namespace restic::events
