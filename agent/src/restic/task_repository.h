#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "config/config.h"
#include "restic/cli/repository_access.h"
#include "restic/protocol/task_messages.h"

/// The repository of a task, as this machine reaches it.
namespace agent {

/// What the machine contributes to a plan.
struct PlanContext {
    const Config& config;
    /// The name under which the agent is enrolled.
    std::string hostname;
    std::optional<restic::cli::ResticVersion> restic;
};

/// How to reach the task's repository, or the one of the agent's configuration where it names none; or why it
/// cannot be reached.
[[nodiscard]] std::variant<restic::cli::RepositoryAccess, restic::protocol::TaskError>
planAccess(const restic::protocol::TaskPayload& task, const PlanContext& context);

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
