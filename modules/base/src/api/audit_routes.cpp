#include <functional>

#include "api/routes.h"
#include "core/http/page.h"
#include "core/wire.h"

namespace base {

// Beside the type, where it is looked for.
static const core::wire::Type& wireType(const AuditRow*) {
    static const auto type = core::wire::object<AuditRow>("AuditEntry", core::wire::tolerant)
                                 .field("id", &AuditRow::id)
                                 .field("tenant_id", &AuditRow::tenantId)
                                 .field("at", &AuditRow::at)
                                 .field("actor_kind", &AuditRow::actorKind)
                                 .field("actor_id", &AuditRow::actorId)
                                 .field("actor_name", &AuditRow::actorName)
                                 .field("address", &AuditRow::address)
                                 .field("request_id", &AuditRow::requestId)
                                 .field("action", &AuditRow::action)
                                 .field("object_type", &AuditRow::objectType)
                                 .field("object_id", &AuditRow::objectId)
                                 .field("before", &AuditRow::before)
                                 .field("after", &AuditRow::after)
                                 .build();
    return type;
}

namespace api {

namespace {

using core::http::Cursor;
using core::http::Outcome;
using core::http::PageQuery;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
namespace wire = core::wire;

struct AuditQuery : PageQuery {
    std::optional<std::string> action;
    std::optional<std::string> actorId;
    std::optional<std::string> objectType;
    std::optional<std::string> objectId;
    std::optional<core::Instant> from;
    std::optional<core::Instant> to;
};
const wire::Type& wireType(const AuditQuery*) {
    static const auto type = wire::object<AuditQuery>("AuditQuery")
                                 .include<PageQuery>()
                                 .field("action", &AuditQuery::action, {.maxLength = 200})
                                 .field("actor_id", &AuditQuery::actorId, {.maxLength = 200})
                                 .field("object_type", &AuditQuery::objectType, {.maxLength = 200})
                                 .field("object_id", &AuditQuery::objectId, {.maxLength = 200})
                                 .field("from", &AuditQuery::from, {.doc = "From this time on"})
                                 .field("to", &AuditQuery::to, {.doc = "Before this time"})
                                 .build();
    return type;
}

} // namespace

std::vector<core::http::Route> auditRoutes(Parts& parts) {
    std::vector<core::http::Route> routes;
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/audit",
         .summary = "Who changed what in the active tenant, newest first; everything for a system token",
         .permission = Permission::role("base.audit.read", Role::admin),
         .query = &wire::typeOf<AuditQuery>(),
         .response = &wire::typeOf<core::http::Page<AuditRow>>(),
         .handler = [&parts](Request& request) -> Outcome {
             const auto query = request.queryAs<AuditQuery>();
             const auto& caller = request.principal();
             const AuditFilter filter{query.action,
                                      query.actorId,
                                      query.objectType,
                                      query.objectId,
                                      query.from,
                                      query.to,
                                      query.after ? std::optional(Cursor::decode(*query.after))
                                                  : std::nullopt,
                                      query.limit};
             const core::db::Context context = caller.tenant ? core::db::Context(request.tenant())
                                                             : core::db::Context(request.system("audit"));
             auto rows = parts.database.read(context, [&](core::db::Transaction& tx) {
                 return parts.audit.list(tx, caller.tenant, filter);
             });
             return Response::of(core::http::makePage(
                 std::move(rows), query.limit,
                 [](const AuditRow& row) {
                     return Cursor{core::toMicros(row.at), row.id};
                 },
                 std::identity{}));
         }});
    return routes;
}

} // namespace api
} // namespace base
