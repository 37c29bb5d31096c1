#pragma once

#include <vector>

#include "compliance/compliance_service.h"
#include "core/http/route.h"

namespace restic {

/// What the routes of compliance work with; lives as long as the module.
struct ComplianceRoutes {
    core::db::Database& database;
    const core::Clock& clock;
    ComplianceService& compliance;

    void addTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
