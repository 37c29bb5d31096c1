#pragma once

#include <vector>

#include "core/http/middleware.h"
#include "site_routes.h"

namespace sites {

std::vector<core::http::Middleware> siteMiddleware(Parts& parts);

} // namespace sites
