#pragma once

#include <vector>

#include "core/db/database.h"
#include "core/http/route.h"
#include "tasks/task_service.h"

namespace restic {

/// How people change or remove one snapshot; lives as long as the module.
struct SnapshotChangeRoutes {
    core::db::Database& database;
    TaskService& tasks;

    void addTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
