#pragma once

#include <vector>

#include "core/http/route.h"
#include "status/status_service.h"

namespace restic {

/// What the routes of the state of everything work with; lives as long as the module.
struct StatusRoutes {
    StatusService& status;

    void addTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
