#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "config/config.h"
#include "restic/protocol/repository_config.h"
#include "restic/protocol/task_messages.h"
#include "restic/version.h"

namespace agent {

/// How restic reaches a repository: what every command on it has in common.
struct RepositoryAccess {
    std::string url;
    std::string type;
    /// From the vault; goes to restic through memory.
    std::optional<std::string> password;
    /// What `restic key add` is to make open it as well: through memory too, and of that command only.
    std::optional<std::string> newPassword;
    /// A file of this machine.
    std::filesystem::path passwordFile;
    std::string certFile;
    /// Complete but for what the machine adds (PATH, HOME, cache).
    std::map<std::string, std::string> environment;
    /// Secrets that restic wants as the path of a file, by the field of the kind.
    std::map<std::string, restic::protocol::SecretAsFile> secretFiles;
    /// What the kind's options are made of.
    restic::protocol::RepositoryValues values;

    /// The folder of a repository on this machine's own disks.
    [[nodiscard]] std::optional<std::filesystem::path> localFolder() const;
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

/// The path below the local repository's `snapshots` whose name begins with the short id: the full id,
/// without asking restic. nullopt if there is none, or more than one.
[[nodiscard]] std::optional<std::string> fullSnapshotId(const std::filesystem::path& repository,
                                                        const std::string& shortId);

/// The same of a repository elsewhere: restic 0.14 writes each snapshot that it makes into its cache too.
[[nodiscard]] std::optional<std::string> cachedSnapshotId(const std::filesystem::path& cache,
                                                          const std::string& shortId);

/// The folder of the task's repository, where the task names one on this machine's own disks.
[[nodiscard]] std::optional<std::filesystem::path> localFolderOf(const restic::protocol::TaskPayload& task);

/// True if the payload lost its repository's address in withoutSecrets().
[[nodiscard]] bool addressIsWithheld(const restic::protocol::TaskPayload& task);

/// Takes passwords, credentials and addresses that may hold them out of the payload, for the journal.
void removeSecrets(restic::protocol::TaskPayload& task);
template <typename Task>
[[nodiscard]] Task withoutSecrets(Task task) {
    removeSecrets(task);
    // A plugin's settings hold its secrets; tasks that have some are not gone on with after a restart.
    if constexpr (requires { task.settings.reset(); })
        task.settings.reset();
    if constexpr (requires { task.destination.members(); })
        task.destination = {};
    return task;
}

} // namespace agent
