#include "site_middleware.h"

#include <chrono>

namespace sites {

using core::http::Handler;
using core::http::Middleware;
using core::http::Outcome;
using core::http::Request;
using core::http::Response;
using core::http::Route;

std::vector<Middleware> siteMiddleware(Parts& parts) {
    return {
        {"sites.timing", Middleware::Scope::allRoutes,
         [&parts](Request& request, const Route& /*route*/, const Handler& next) -> Outcome {
             const auto began = parts.context.clock().steady();
             Outcome outcome = next(request);
             const std::chrono::duration<double, std::milli> took = parts.context.clock().steady() - began;
             if (auto* response = std::get_if<Response>(&outcome))
                 response->headers.add("Server-Timing", "app;dur=" + std::to_string(took.count()));
             return outcome;
         }},
        {"sites.closed", Middleware::Scope::ownRoutes,
         [&parts](Request& request, const Route& route, const Handler& next) {
             if (route.method != "GET")
                 parts.census.check();
             return next(request);
         }},
    };
}

} // namespace sites
