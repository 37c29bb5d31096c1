#include "api/routes.h"
#include "base/errors.h"
#include "core/http/page.h"
#include "core/http/version.h"
#include "core/text.h"
#include "core/wire.h"

namespace base::api {

namespace {

using core::Error;
using core::db::Transaction;
using core::http::Audit;
using core::http::Cursor;
using core::http::Outcome;
using core::http::PageQuery;
using core::http::Permission;
using core::http::PrincipalKind;
using core::http::Request;
using core::http::Response;
using core::http::Role;
namespace wire = core::wire;

struct TenantView {
    core::Uuid id;
    std::string name;
    std::int64_t maxAgents = 0;
    std::int64_t maxPolicies = 0;
    core::Instant createdAt;
    core::Instant updatedAt;
};
const wire::Type& wireType(const TenantView*) {
    static const auto type = wire::object<TenantView>("Tenant", wire::tolerant)
                                 .field("id", &TenantView::id)
                                 .field("name", &TenantView::name)
                                 .field("max_agents", &TenantView::maxAgents)
                                 .field("max_policies", &TenantView::maxPolicies)
                                 .field("created_at", &TenantView::createdAt)
                                 .field("updated_at", &TenantView::updatedAt)
                                 .build();
    return type;
}

struct NewTenant {
    std::string name;
    std::optional<std::int64_t> maxAgents;
    std::optional<std::int64_t> maxPolicies;
};
const wire::Type& wireType(const NewTenant*) {
    static const auto type =
        wire::object<NewTenant>("NewTenant")
            .field("name", &NewTenant::name,
                   {.doc = "For people; others may have the same",
                    .minLength = 1,
                    .maxLength = 100,
                    .check = core::checkName})
            .field("max_agents", &NewTenant::maxAgents, {.doc = "Default 100", .min = 0, .max = 1000000})
            .field("max_policies", &NewTenant::maxPolicies, {.doc = "Default 50", .min = 0, .max = 1000000})
            .build();
    return type;
}

struct TenantChange {
    std::optional<std::string> name;
    std::optional<std::int64_t> maxAgents;
    std::optional<std::int64_t> maxPolicies;
};
const wire::Type& wireType(const TenantChange*) {
    static const auto type =
        wire::object<TenantChange>("TenantChange", wire::strict, "What is absent stays")
            .field("name", &TenantChange::name, {.minLength = 1, .maxLength = 100, .check = core::checkName})
            .field("max_agents", &TenantChange::maxAgents,
                   {.doc = "Only by the system", .min = 0, .max = 1000000})
            .field("max_policies", &TenantChange::maxPolicies,
                   {.doc = "Only by the system", .min = 0, .max = 1000000})
            .build();
    return type;
}

TenantView viewOf(const TenantRow& row) {
    return {row.id, row.name, row.maxAgents, row.maxPolicies, row.createdAt, row.updatedAt};
}

core::json::Value auditOf(const TenantRow& row) {
    return core::json::Object{
        {"name", row.name}, {"max_agents", row.maxAgents}, {"max_policies", row.maxPolicies}};
}

core::Uuid tenantId(const Request& request) {
    return request.uuidParameter("id", errors::kTenantNotFound);
}

/// People see the tenants they belong to, an API token its own, the system all. Another one does not exist
/// for them.
void requireOwn(const Request& request, const core::Uuid& id) {
    const auto& caller = request.principal();
    if (!caller.system && caller.tenant != id)
        throw Error(errors::kTenantNotFound, "There is no tenant with this id.");
}

Outcome list(Parts& parts, Request& request) {
    const auto query = request.queryAs<PageQuery>();
    const auto& caller = request.principal();
    const auto after = query.after ? std::optional(Cursor::decode(*query.after)) : std::nullopt;
    auto rows =
        parts.database.read(request.system("tenants"), [&](Transaction& tx) -> std::vector<TenantRow> {
            if (caller.kind == PrincipalKind::apiToken && !caller.system)
                return {parts.tenants->require(tx, caller.tenant.value())};
            return parts.tenants->list(tx, caller.system ? std::nullopt : std::optional(caller.id), after,
                                       query.limit);
        });
    return Response::of(core::http::makePage(
        std::move(rows), query.limit,
        [](const TenantRow& row) {
            return Cursor{core::toMicros(row.createdAt), row.id};
        },
        viewOf));
}

Response versioned(const TenantView& view, int status = 200) {
    return core::http::withVersion(Response::of(view, status), core::wire::write(view));
}

Outcome update(Parts& parts, Request& request) {
    const auto wanted = request.json<TenantChange>();
    const auto id = tenantId(request);
    requireOwn(request, id);
    if ((wanted.maxAgents || wanted.maxPolicies) && !request.principal().system)
        throw Error(core::errors::kForbidden,
                    "Only the system can change a tenant's limits: ae-backend tenant set.");
    const auto changed = parts.database.transact(request.system("tenants"), [&](Transaction& tx) {
        if (core::http::namesVersion(request) && tx.dialect() == core::db::Dialect::postgresql)
            tx.query("SELECT id FROM tenants WHERE id = $1 FOR UPDATE", {id});
        auto row = parts.tenants->require(tx, id);
        core::http::requireVersion(request, core::wire::write(viewOf(row)));
        auto& audit = request.audit();
        audit.object("tenant", id.toString());
        audit.entry.before = auditOf(row);
        row.name = wanted.name.value_or(row.name);
        row.maxAgents = wanted.maxAgents.value_or(row.maxAgents);
        row.maxPolicies = wanted.maxPolicies.value_or(row.maxPolicies);
        parts.tenants->update(tx, row);
        audit.entry.after = auditOf(row);
        return row;
    });
    return versioned(viewOf(changed));
}

} // namespace

std::vector<core::http::Route> tenantRoutes(Parts& parts) {
    std::vector<core::http::Route> routes;
    routes.push_back({.method = "GET",
                      .path = "/api/v1/tenants",
                      .summary = "The caller's tenants; all of them for the system",
                      .permission = Permission::role("base.tenants.read", Role::viewer),
                      .query = &wire::typeOf<PageQuery>(),
                      .response = &wire::typeOf<core::http::Page<TenantView>>(),
                      .handler = [&parts](Request& request) { return list(parts, request); }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/tenants",
         .summary = "Create a tenant",
         .permission = Permission::system("base.tenants.manage"),
         .audit = Audit::action("base.tenant.created"),
         .request = &wire::typeOf<NewTenant>(),
         .response = &wire::typeOf<TenantView>(),
         .status = 201,
         .location = "/api/v1/tenants/{id}",
         .versioned = true,
         .handler = [&parts](Request& request) -> Outcome {
             const auto wanted = request.json<NewTenant>();
             return parts.database.transact(request.system("tenants"), [&](Transaction& tx) {
                 const auto created =
                     parts.tenants->create(tx, wanted.name, wanted.maxAgents, wanted.maxPolicies);
                 // Whoever made it can work in it.
                 if (request.principal().kind == PrincipalKind::user)
                     parts.users.store().setMembership(tx, request.principal().id, created.id, Role::admin);
                 request.audit().object("tenant", created.id.toString());
                 request.audit().entry.after = auditOf(created);
                 return request.keep(versioned(viewOf(created), 201));
             });
         }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/tenants/{id}",
                      .summary = "One tenant with its limits",
                      .permission = Permission::role("base.tenants.read", Role::viewer),
                      .response = &wire::typeOf<TenantView>(),
                      .versioned = true,
                      .errors = {&errors::kTenantNotFound},
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto id = tenantId(request);
                          requireOwn(request, id);
                          return versioned(
                              viewOf(parts.database.read(request.system("tenants"), [&](Transaction& tx) {
                                  return parts.tenants->require(tx, id);
                              })));
                      }});
    routes.push_back({.method = "PUT",
                      .path = "/api/v1/tenants/{id}",
                      .summary = "Rename a tenant; its limits only by the system",
                      .permission = Permission::role("base.tenants.rename", Role::admin),
                      .audit = Audit::action("base.tenant.updated"),
                      .request = &wire::typeOf<TenantChange>(),
                      .response = &wire::typeOf<TenantView>(),
                      .versioned = true,
                      .errors = {&errors::kTenantNotFound},
                      .handler = [&parts](Request& request) { return update(parts, request); }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/tenants/{id}",
                      .summary = "Delete a tenant with everything that belongs to it",
                      .permission = Permission::system("base.tenants.manage"),
                      .audit = Audit::action("base.tenant.deleted"),
                      .executor = core::http::Executor::blocking,
                      .status = 204,
                      .errors = {&errors::kTenantNotFound, &core::errors::kConflict},
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto id = tenantId(request);
                          if (request.principal().tenant == id)
                              throw Error(
                                  core::errors::kConflict,
                                  "This is your active tenant. Change to another one before you delete it.");
                          parts.database.transact(request.system("tenants"), [&](Transaction& tx) {
                              const auto row = parts.tenants->require(tx, id);
                              parts.tenants->remove(tx, id);
                              request.audit().object("tenant", id.toString());
                              request.audit().entry.before = auditOf(row);
                          });
                          return Response::empty();
                      }});
    return routes;
}

} // namespace base::api
