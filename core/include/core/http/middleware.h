#pragma once

#include <functional>
#include <string>

#include "core/http/route.h"

namespace core::http {

/// A function around the handlers of routes: it sees each request after its credentials, permission and body
/// were judged, may answer in the handler's place, and may change the answer. Called on the route's executor,
/// concurrently; what it throws becomes an answer as what a handler throws.
///
/// The host calls the middleware of a module outside that of the modules which depend on it, and within a
/// module in the order of the list. Idempotency-Key is inside of all: middleware sees repetitions too, and
/// what it adds to an answer is not kept. Pages, files and addresses without a route have none.
struct Middleware {
    enum class Scope {
        ownRoutes, ///< of the module that brings it
        allRoutes, ///< of every module and of the host, health and sign-in included
    };
    std::string name; ///< begins with the module's id and a dot: "sites.timing"
    Scope scope = Scope::ownRoutes;
    /// Calls `next` at most once, or answers itself. `next` may give a Park, which is best given on as it is.
    std::function<Outcome(Request& request, const Route& route, const Handler& next)> handle;
};

} // namespace core::http
