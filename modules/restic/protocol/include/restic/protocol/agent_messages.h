#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"
#include "restic/protocol/plugin_messages.h"

namespace restic::protocol {

/// The version of the protocol; changes within a version are additive only.
inline constexpr int kProtocolVersion = 1;

/// agent → server, `POST /agents/register` (Bearer: a registration token, or the agent's own to update its
/// metadata).
struct RegisterRequest {
    std::string hostname;
    std::string os;
    std::string arch;
    std::string version;
    std::optional<std::string> ip;
    /// `agent.id` of the agent's configuration: a name for people.
    std::optional<std::string> label;
    /// The identity that this machine had, expired or not: it stays the agent that it was, with its links,
    /// targets and whatever its journal still holds.
    std::optional<std::string> previousToken;
};

/// server → agent, the answer to RegisterRequest.
struct RegisterResponse {
    core::Uuid agentId;
    std::string hostname;
    core::Instant registeredAt;
    core::Instant updatedAt;
    std::string message;
    /// The identity, shown this once.
    std::string token;
    core::Instant expiresAt;
};

/// server → agent, the answer to `POST /agents/{id}/rotate-token`.
struct TokenResponse {
    std::string token;
    core::Instant expiresAt;
};

struct DiskUsage {
    std::string mountPath;
    std::uint64_t freeBytes = 0;
    std::uint64_t totalBytes = 0;
};

/// A task that the agent's journal holds open: handed out, and not yet acknowledged as finished.
struct OpenTask {
    core::Uuid taskId;
    int attempt = 0;
    std::string status;
};

/// Names for HeartbeatRequest::features.
namespace features {
/// `host` of forget and prune.
inline constexpr std::string_view kForgetHost = "forget_host";
/// `keep_tags` of a retention, and that `pinned` is kept by each of its forgets.
inline constexpr std::string_view kKeepTags = "keep_tags";
/// `plugins` of a backup, and the kinds of tasks around dumps.
inline constexpr std::string_view kDumps = "dumps";
/// `one_file_system`, `pre_hook` and `post_hook` of a backup.
inline constexpr std::string_view kBackupOptions = "backup_options";
/// The kind of tasks verify.
inline constexpr std::string_view kRestoreTests = "restore_tests";
} // namespace features

/// agent → server, `POST /agents/{id}/heartbeat`. Only `version` and `os` are required.
struct HeartbeatRequest {
    std::string version;
    std::string os;
    std::optional<std::int64_t> uptimeSeconds;
    std::vector<DiskUsage> disks;
    std::optional<std::string> lastBackupStatus;
    std::optional<double> cpuPercent;
    std::optional<std::uint64_t> memoryUsedBytes;
    std::optional<std::uint64_t> memoryTotalBytes;
    std::optional<int> runningTasks;
    std::optional<int> queuedTasks;
    std::optional<core::Instant> lastBackup;
    std::optional<double> latencyMs;
    std::optional<std::string> resticVersion;
    std::vector<std::string> availablePlugins;
    /// Of features:: what the agent understands beyond the first version of the protocol.
    std::vector<std::string> features;
    /// What is wrong on the machine, in plain sentences: restic missing, state folder not writable.
    std::vector<std::string> problems;
    /// The agent's own configuration names a repository, for policies that name none.
    bool ownRepository = false;
    /// Another one with every change of the plugins; and they themselves, where the server wants them.
    std::optional<std::string> pluginsVersion;
    std::optional<AgentPlugins> plugins;
    /// The open tasks; absent from agents that keep no journal, so that "none" and "unknown" differ.
    std::optional<std::vector<OpenTask>> openTasks;
};

/// server → agent, the answer to HeartbeatRequest.
struct HeartbeatResponse {
    std::string status = "ok";
    std::int64_t nextTaskCheckAfterSeconds = 30;
    /// The server does not know the agent's plugins as they are now: the next heartbeat is to bring them.
    bool pluginsWanted = false;
};

const core::wire::Type& wireType(const RegisterRequest*);
const core::wire::Type& wireType(const RegisterResponse*);
const core::wire::Type& wireType(const TokenResponse*);
const core::wire::Type& wireType(const DiskUsage*);
const core::wire::Type& wireType(const OpenTask*);
const core::wire::Type& wireType(const HeartbeatRequest*);
const core::wire::Type& wireType(const HeartbeatResponse*);

} // namespace restic::protocol
