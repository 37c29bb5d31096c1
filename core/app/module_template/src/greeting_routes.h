#pragma once

#include <vector>

#include "core/module/module.h"

namespace hello {

/// The module's routes; the context must outlive them.
std::vector<core::http::Route> greetingRoutes(core::ModuleContext& context);

} // namespace hello
