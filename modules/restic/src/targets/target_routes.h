#pragma once

#include <vector>

#include "core/http/route.h"
#include "targets/target_service.h"

namespace restic {

/// What the routes of targets work with; lives as long as the module.
struct TargetRoutes {
    core::db::Database& database;
    const core::Clock& clock;
    TargetService& targets;

    void addTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
