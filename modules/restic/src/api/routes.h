#pragma once

#include <memory>
#include <vector>

#include "agents/agent_service.h"
#include "core/db/database.h"
#include "core/http/route.h"
#include "policies/policy_service.h"
#include "repositories/old_secrets.h"
#include "repositories/repository_service.h"
#include "status/status_service.h"
#include "tasks/agent_waker.h"
#include "tasks/task_service.h"

namespace restic::api {

/// What the routes work with. References live as long as the module.
struct Services {
    core::db::Database& database;
    const core::Clock& clock;
    AgentService& agents;
    PolicyService& policies;
    RepositoryService& repositories;
    TaskService& tasks;
    AgentWaker& waker;
    StatusService& status;
    OldSecrets& secrets;
};

using Routes = std::vector<core::http::Route>;
void addAgentRoutes(Routes& routes, const Services& services);
void addAgentProtocolRoutes(Routes& routes, const Services& services);
void addPolicyRoutes(Routes& routes, const Services& services);
void addRepositoryRoutes(Routes& routes, const Services& services);
void addTaskRoutes(Routes& routes, const Services& services);
void addRunRoutes(Routes& routes, const Services& services);
void addSnapshotRoutes(Routes& routes, const Services& services);
void addStatusRoutes(Routes& routes, const Services& services);

} // namespace restic::api
