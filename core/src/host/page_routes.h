#pragma once

#include "core/http/route.h"
#include "module/module_set.h"

namespace core::host {

/// GET /api/v1/pages: what the running modules add to the web application, for the caller's role.
http::Route pagesRoute(const module::ModuleSet& modules);

} // namespace core::host
