#pragma once

#include <vector>

#include "core/http/route.h"
#include "repositories/repository_service.h"

namespace restic {

/// What the routes of repositories work with; lives as long as the module.
struct RepositoryRoutes {
    core::db::Database& database;
    const core::Clock& clock;
    RepositoryService& repositories;

    /// A repository's condition: who holds it, what it takes up.
    void addConditionTo(std::vector<core::http::Route>& routes) const;
    void addTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
