#include "api/routes.h"
#include "base/errors.h"
#include "core/http/page.h"
#include "core/http/version.h"
#include "core/text.h"
#include "core/wire.h"

namespace base::api {

namespace {

using core::http::Audit;
using core::http::Cursor;
using core::http::Executor;
using core::http::Outcome;
using core::http::PageQuery;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
namespace wire = core::wire;

struct UserView {
    core::Uuid id;
    std::string email;
    std::string name;
    std::string role;
    bool active = true;
    bool suspended = false;
    core::Uuid tenantId;
    core::Instant createdAt;
};
const wire::Type& wireType(const UserView*) {
    static const auto type =
        wire::object<UserView>("User", wire::tolerant)
            .field("id", &UserView::id)
            .field("email", &UserView::email)
            .field("name", &UserView::name)
            .field("role", &UserView::role, {.doc = "In the active tenant", .oneOf = kRoles})
            .field("active", &UserView::active, {.doc = "In the active tenant"})
            .field("suspended", &UserView::suspended,
                   {.doc = "Another tenant has set the password; until it is confirmed, nobody gets in"})
            .field("tenant_id", &UserView::tenantId)
            .field("created_at", &UserView::createdAt, {.doc = "Since when in this tenant"})
            .build();
    return type;
}

struct UserChange {
    std::optional<std::string> email;
    std::optional<std::string> name;
    std::optional<std::string> password;
    std::optional<std::string> role;
    std::optional<bool> active;
};
const wire::Type& wireType(const UserChange*) {
    static const auto type =
        wire::object<UserChange>("UserChange", wire::strict, "What is absent stays")
            .field("email", &UserChange::email,
                   {.doc = "Only by the system", .minLength = 3, .maxLength = 254, .format = "email"})
            .field("name", &UserChange::name,
                   {.doc = "In the active tenant", .maxLength = 200, .check = core::checkNameOrNone})
            .field(
                "password", &UserChange::password,
                {.doc =
                     "At least 10 characters, at most 72 bytes; ends the user's sessions, and other tenants "
                     "admit them only after their own administrators have confirmed",
                 .secret = true,
                 .maxLength = 1024})
            .field("role", &UserChange::role, {.oneOf = kRoles})
            .field("active", &UserChange::active, {.doc = "In the active tenant"})
            .build();
    return type;
}

UserView viewOf(const Member& member, const core::Uuid& tenant) {
    return {member.user.id,
            member.user.email,
            member.shownName(),
            std::string(core::http::roleName(member.role)),
            member.active && member.user.active,
            member.suspendedAt.has_value(),
            tenant,
            member.since};
}

Response versioned(const UserView& view) {
    return core::http::withVersion(Response::of(view), core::wire::write(view));
}

core::Uuid userId(const Request& request) {
    return request.uuidParameter("id", errors::kUserNotFound);
}

} // namespace

std::vector<core::http::Route> userRoutes(Parts& parts) {
    const auto read = Permission::role("base.users.read", Role::admin);
    const auto manage = Permission::role("base.users.manage", Role::admin);
    std::vector<core::http::Route> routes;
    routes.push_back({.method = "GET",
                      .path = "/api/v1/users",
                      .summary = "The users of the active tenant, newest first",
                      .permission = read,
                      .query = &wire::typeOf<PageQuery>(),
                      .response = &wire::typeOf<core::http::Page<UserView>>(),
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto query = request.queryAs<PageQuery>();
                          const auto context = request.tenant();
                          const auto after =
                              query.after ? std::optional(Cursor::decode(*query.after)) : std::nullopt;
                          return Response::of(core::http::makePage(
                              parts.users.list(context, after, query.limit), query.limit,
                              [](const Member& m) {
                                  return Cursor{core::toMicros(m.since), m.user.id};
                              },
                              [&](const Member& m) { return viewOf(m, context.tenant()); }));
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/users/{id}",
                      .summary = "One user",
                      .permission = read,
                      .response = &wire::typeOf<UserView>(),
                      .versioned = true,
                      .errors = {&errors::kUserNotFound},
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto context = request.tenant();
                          return versioned(
                              viewOf(parts.users.get(context, userId(request)), context.tenant()));
                      }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/users/{id}",
         .summary = "Change a user: role, name and active hold in the active tenant only",
         .permission = manage,
         .audit = Audit::action("base.user.updated"),
         .executor = Executor::blocking,
         .bodyLimit = 8192,
         .request = &wire::typeOf<UserChange>(),
         .response = &wire::typeOf<UserView>(),
         .versioned = true,
         .errors = {&errors::kUserNotFound, &errors::kUserExists, &errors::kLastAdmin},
         .handler = [&parts](Request& request) -> Outcome {
             const auto wanted = request.json<UserChange>();
             const auto tenant = request.tenant().tenant();
             UserService::Change change{wanted.email, wanted.name, wanted.password, {}, wanted.active, {}};
             if (wanted.role)
                 change.role = core::http::parseRole(*wanted.role);
             if (core::http::namesVersion(request))
                 change.judge = [&](const Member& before) {
                     core::http::requireVersion(request, core::wire::write(viewOf(before, tenant)));
                 };
             const auto member = parts.users.update(tenant, userId(request), change,
                                                    request.principal().system, request.system("users"));
             return versioned(viewOf(member, tenant));
         }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/users/{id}/confirm",
         .summary = "Let a suspended user in again, after they have said that the new password is "
                    "their own",
         .permission = manage,
         .audit = Audit::action("base.user.confirmed"),
         .response = &wire::typeOf<UserView>(),
         .errors = {&errors::kUserNotFound},
         .handler = [&parts](Request& request) -> Outcome {
             const auto tenant = request.tenant().tenant();
             return Response::of(
                 viewOf(parts.users.confirm(tenant, userId(request), request.system("users")), tenant));
         }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/users/{id}",
                      .summary = "Remove a user from the active tenant; deletes one who belongs to no other",
                      .permission = manage,
                      .audit = Audit::action("base.user.removed"),
                      .status = 204,
                      .errors = {&errors::kUserNotFound, &errors::kLastAdmin},
                      .handler = [&parts](Request& request) -> Outcome {
                          parts.users.remove(request.tenant().tenant(), userId(request),
                                             request.system("users"));
                          return Response::empty();
                      }});
    return routes;
}

} // namespace base::api
