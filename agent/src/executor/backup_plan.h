#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "restic/protocol/task_messages.h"
#include "restic/version.h"

namespace agent {

/// How restic reaches a repository: what every command on it has in common.
struct RepositoryAccess {
    std::string url;
    std::string type;
    /// From the vault; goes to restic through memory.
    std::optional<std::string> password;
    /// A file of this machine.
    std::filesystem::path passwordFile;
    std::string certFile;
    /// Complete but for what the machine adds (PATH, HOME, cache).
    std::map<std::string, std::string> environment;

    /// The folder of a repository on this machine's own disks.
    [[nodiscard]] std::optional<std::filesystem::path> localFolder() const;
};

/// A backup that can be started.
struct BackupPlan {
    RepositoryAccess repository;
    /// restic's arguments, without those that reach the repository.
    std::vector<std::string> arguments;
    std::vector<std::string> sources;
    std::vector<std::string> missingSources;
    std::vector<std::string> tags;
    bool excludes = false;
    std::string hostname;
    std::chrono::milliseconds timeout{};
};

/// What the machine contributes to a plan.
struct PlanContext {
    const Config& config;
    /// The name under which the agent is enrolled.
    std::string hostname;
    std::optional<ResticVersion> restic;
};

/// How to reach the task's repository, or why it cannot be reached.
[[nodiscard]] std::variant<RepositoryAccess, restic::protocol::TaskError>
planAccess(const restic::protocol::TaskPayload& task, const PlanContext& context);

/// The plan for a backup task, or why it cannot be carried out. Builds restic's arguments from known fields
/// only; checks that sources exist.
[[nodiscard]] std::variant<BackupPlan, restic::protocol::TaskError>
planBackup(const restic::protocol::TaskPayload& task, const PlanContext& context);

/// The path below the local repository's `snapshots` whose name begins with the short id: the full id,
/// without asking restic. nullopt if there is none, or more than one.
[[nodiscard]] std::optional<std::string> fullSnapshotId(const std::filesystem::path& repository,
                                                        const std::string& shortId);

/// True if the payload lost its repository's address in withoutSecrets().
[[nodiscard]] bool addressIsWithheld(const restic::protocol::TaskPayload& task);

/// The payload without passwords, credentials and addresses that may hold them: what the journal keeps.
[[nodiscard]] restic::protocol::TaskPayload withoutSecrets(restic::protocol::TaskPayload task);

} // namespace agent
