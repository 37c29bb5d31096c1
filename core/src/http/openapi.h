#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/http/route.h"

namespace core::http {

/// The OpenAPI 3.1 document of the routes: from their declarations, nothing else.
std::string openApi(const std::vector<std::shared_ptr<const Route>>& routes, const std::string& version);

} // namespace core::http
