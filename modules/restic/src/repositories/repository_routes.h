#pragma once

#include <vector>

#include "core/http/route.h"
#include "repositories/repository_service.h"

namespace restic {

/// What the routes of repositories work with; lives as long as the module.
struct RepositoryRoutes {
    core::db::Database& database;
    RepositoryService& repositories;

    void addTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
