#pragma once

#include <memory>
#include <vector>

#include "base/tenant_limits.h"
#include "census.h"
#include "core/module/module.h"
#include "heard.h"
#include "site_live.h"

namespace sites {

/// What the routes work with; must outlive them.
struct Parts {
    explicit Parts(core::ModuleContext& given)
        : context(given), limits(given.services().require<base::TenantLimits>()),
          census(given.database(), given.dataDir() / "closed") {}

    core::ModuleContext& context;
    core::ServiceHandle<base::TenantLimits> limits;
    Census census;
    Heard heard;
    SiteLive live;
};

std::vector<core::http::Route> siteRoutes(Parts& parts);

} // namespace sites
