#pragma once

#include <vector>

#include "core/db/database.h"
#include "core/http/route.h"
#include "tasks/sealed_settings.h"
#include "tasks/task_service.h"

namespace restic {

/// What the routes of dump plugins and of dumps work with; lives as long as the module.
struct PluginRoutes {
    core::db::Database& database;
    TaskService& tasks;
    SealedSettings& settings;

    /// For people: an agent's plugins, their settings and tests.
    void addTo(std::vector<core::http::Route>& routes) const;
    /// For people: dumps, and how they are brought back and tried.
    void addDumpsTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
