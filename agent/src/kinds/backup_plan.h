#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "local_policy/local_policy.h"
#include "restic/protocol/backup_task.h"
#include "restic/task_repository.h"

namespace agent {

/// A backup that can be started.
struct BackupPlan {
    restic::cli::RepositoryAccess repository;
    /// restic's arguments for every snapshot of this backup, without those that reach the repository.
    std::vector<std::string> common;
    /// And for the one of the files, which ends with the sources: there may be none, but databases.
    std::vector<std::string> arguments;
    std::vector<std::string> sources;
    std::vector<std::string> missingSources;
    std::vector<std::string> tags;
    bool excludes = false;
    std::string hostname;
    std::chrono::milliseconds timeout{};
};

/// The plan for a backup task, or why it cannot be carried out. Builds restic's arguments from known fields
/// only; checks that sources exist and that the machine's admin allows them.
[[nodiscard]] std::variant<BackupPlan, restic::protocol::TaskError>
planBackup(const restic::protocol::BackupTask& task, const PlanContext& context, const LocalPolicy& policy);

} // namespace agent
