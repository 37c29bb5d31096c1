#pragma once

#include <vector>

#include "core/db/database.h"
#include "core/http/route.h"

namespace restic {

/// What the routes of snapshots work with; lives as long as the module.
struct SnapshotRoutes {
    core::db::Database& database;

    void addTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
