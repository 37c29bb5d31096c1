#include "status/status_routes.h"
#include "errors.h"
#include "status/bare_array.h"

namespace restic {

using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

namespace {
struct StatusQuery {
    std::optional<std::int64_t> maxage;
};
const core::wire::Type& wireType(const StatusQuery*) {
    static const auto type =
        core::wire::object<StatusQuery>("StatusQuery", core::wire::strict)
            .field("maxage", &StatusQuery::maxage,
                   {.doc = "Hours; older snapshots are unhealthy", .min = 1, .max = 87600})
            .build();
    return type;
}
} // namespace

void StatusRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.status.read", Role::viewer);
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/status",
                      .summary = "How every protected thing is: a bare array, as it always was",
                      .permission = read,
                      .query = &typeOf<StatusQuery>(),
                      .response = &typeOf<TargetStatus>(),
                      .responseIsList = true,
                      .handler = [s = *this](Request& request) -> Outcome {
                          return bareArray(
                              s.status.list(request.tenant(), request.queryAs<StatusQuery>().maxage),
                              [](const TargetStatus& target) -> const TargetStatus& { return target; });
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/status/{name}",
                      .summary = "How one protected thing is",
                      .permission = read,
                      .query = &typeOf<StatusQuery>(),
                      .response = &typeOf<TargetStatus>(),
                      .errors = {&errors::kTargetNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          return Response::of(s.status.get(request.tenant(), request.parameter("name"),
                                                           request.queryAs<StatusQuery>().maxage));
                      }});
}

} // namespace restic
