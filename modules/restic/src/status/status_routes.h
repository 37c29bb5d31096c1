#pragma once

#include <vector>

#include "core/http/route.h"
#include "status/status_service.h"
#include "targets/target_service.h"
#include "tasks/task_service.h"

namespace restic {

/// What the routes of the state of everything work with; lives as long as the module.
struct StatusRoutes {
    core::db::Database& database;
    StatusService& status;
    TargetService& targets;
    TaskService& tasks;
    Poller& poller;

    void addTo(std::vector<core::http::Route>& routes) const;
    /// What one of them has, and a look at it now.
    void addOneTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
