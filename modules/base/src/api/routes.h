#pragma once

#include <vector>

#include "core/http/route.h"
#include "services.h"

/// The module's part of the API. `parts` must outlive the routes.
namespace base::api {

std::vector<core::http::Route> authRoutes(Parts& parts);
std::vector<core::http::Route> userRoutes(Parts& parts);
std::vector<core::http::Route> invitationRoutes(Parts& parts);
std::vector<core::http::Route> tenantRoutes(Parts& parts);
std::vector<core::http::Route> tokenRoutes(Parts& parts);
std::vector<core::http::Route> auditRoutes(Parts& parts);

/// The names of the roles, for declarations.
inline const std::vector<std::string> kRoles{"viewer", "operator", "admin"};

} // namespace base::api
