#pragma once

#include <functional>
#include <vector>

#include "base/tenant_directory.h"
#include "core/db/database.h"
#include "core/module/command.h"
#include "core/service.h"
#include "repositories/repository_service.h"
#include "tasks/task_service.h"

namespace restic {

/// What the commands of tasks work with; lives as long as the module.
struct TaskCommands {
    core::db::Database& database;
    core::ServiceHandle<base::TenantDirectory> tenants;
    RepositoryService& repositories;
    TaskService& tasks;
};

/// `task start|list|show|cancel`. The parts are asked for when a command runs: there are none before.
std::vector<core::Command> taskCommands(const std::function<TaskCommands()>& parts);

} // namespace restic
