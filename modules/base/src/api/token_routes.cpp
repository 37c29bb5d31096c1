#include "api/routes.h"
#include "base/errors.h"
#include "core/http/page.h"
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
using core::http::Request;
using core::http::Response;
using core::http::Role;
namespace wire = core::wire;

struct TokenView {
    core::Uuid id;
    std::string name;
    std::string prefix;
    std::string role;
    std::optional<core::Uuid> tenantId;
    std::optional<core::Uuid> createdBy;
    core::Instant createdAt;
    std::optional<core::Instant> expiresAt;
    std::optional<core::Instant> lastUsedAt;
    std::optional<core::Instant> revokedAt;
    std::optional<std::string> token;
};
const wire::Type& wireType(const TokenView*) {
    static const auto type =
        wire::object<TokenView>("ApiToken", wire::tolerant)
            .field("id", &TokenView::id)
            .field("name", &TokenView::name)
            .field("prefix", &TokenView::prefix, {.doc = "Its first characters, to recognise it by"})
            .field("role", &TokenView::role, {.oneOf = kRoles})
            .field("tenant_id", &TokenView::tenantId, {.doc = "null for a system token"})
            .field("created_by", &TokenView::createdBy,
                   {.doc = "The person on whose rights it stands: it can do no more than they can"})
            .field("created_at", &TokenView::createdAt)
            .field("expires_at", &TokenView::expiresAt)
            .field("last_used_at", &TokenView::lastUsedAt)
            .field("revoked_at", &TokenView::revokedAt)
            .field("token", &TokenView::token,
                   {.doc = "Only in the answer to its creation: shown once", .omitEmpty = true})
            .build();
    return type;
}

struct NewToken {
    std::string name;
    std::string role = "viewer";
    std::optional<std::int64_t> expiresIn;
    bool system = false;
};
const wire::Type& wireType(const NewToken*) {
    static const auto type =
        wire::object<NewToken>("NewApiToken")
            .field("name", &NewToken::name, {.minLength = 1, .maxLength = 100, .check = core::checkName})
            .field("role", &NewToken::role, {.optional = true, .oneOf = kRoles})
            .field("expires_in_seconds", &NewToken::expiresIn,
                   {.doc = "Absent: until it is revoked", .min = 1, .max = 315360000})
            .field("system", &NewToken::system,
                   {.doc = "Of no tenant, may cross them; only by the system", .optional = true})
            .build();
    return type;
}

struct TokenChange {
    std::string name;
};
const wire::Type& wireType(const TokenChange*) {
    static const auto type =
        wire::object<TokenChange>("ApiTokenChange")
            .field("name", &TokenChange::name, {.minLength = 1, .maxLength = 100, .check = core::checkName})
            .build();
    return type;
}

TokenView viewOf(const ApiTokenRow& row) {
    return {row.id,         row.name,      row.prefix,    std::string(core::http::roleName(row.role)),
            row.tenant,     row.createdBy, row.createdAt, row.expiresAt,
            row.lastUsedAt, row.revokedAt, std::nullopt};
}

core::json::Value auditOf(const ApiTokenRow& row) {
    return core::json::Object{
        {"name", row.name}, {"prefix", row.prefix}, {"role", core::http::roleName(row.role)}};
}

core::Uuid tokenId(const Request& request) {
    return request.uuidParameter("id", errors::kTokenNotFound);
}

/// The token of that id among those of the caller's tenant, or among system tokens for a caller without one.
ApiTokenRow require(Parts& parts, Transaction& tx, const Request& request) {
    auto token = parts.tokens.find(tx, request.principal().tenant, tokenId(request));
    // Someone of the system also manages the tokens that belong to no tenant.
    if (!token && request.principal().system)
        token = parts.tokens.find(tx, {}, tokenId(request));
    if (!token)
        throw Error(errors::kTokenNotFound, "There is no API token with this id.");
    return *token;
}

Outcome create(Parts& parts, Request& request) {
    const auto wanted = request.json<NewToken>();
    const auto& caller = request.principal();
    if (wanted.system && !caller.system)
        throw Error(core::errors::kForbidden,
                    "Only the system can create system tokens: ae-backend token create.");
    if (!wanted.system && !caller.tenant)
        throw Error(core::errors::kForbidden, "This token belongs to no tenant; use one that does.");
    const auto tenant = wanted.system ? std::nullopt : caller.tenant;
    const auto expires =
        wanted.expiresIn
            ? std::optional<core::Instant>(parts.clock.now() + std::chrono::seconds(*wanted.expiresIn))
            : std::nullopt;
    return parts.database.transact(request.system("tokens"), [&](Transaction& tx) {
        auto made = parts.tokens.create(tx, tenant, wanted.name, *core::http::parseRole(wanted.role),
                                        parts.tokens.personOf(tx, caller), expires);
        request.audit().object("api_token", made.row.id.toString());
        request.audit().entry.after = auditOf(made.row);
        auto view = viewOf(made.row);
        view.token = made.token;
        auto response = Response::of(view, 201);
        response.headers.add("Cache-Control", "no-store");
        return request.keep(std::move(response));
    });
}

Outcome list(Parts& parts, Request& request) {
    const auto query = request.queryAs<PageQuery>();
    const auto after = query.after ? std::optional(Cursor::decode(*query.after)) : std::nullopt;
    auto rows = parts.database.read(request.system("tokens"), [&](Transaction& tx) {
        return parts.tokens.list(tx, request.principal().tenant, after, query.limit);
    });
    return Response::of(core::http::makePage(
        std::move(rows), query.limit,
        [](const ApiTokenRow& row) {
            return Cursor{core::toMicros(row.createdAt), row.id};
        },
        viewOf));
}

} // namespace

std::vector<core::http::Route> tokenRoutes(Parts& parts) {
    const auto read = Permission::role("base.tokens.read", Role::admin);
    const auto manage = Permission::role("base.tokens.manage", Role::admin);
    std::vector<core::http::Route> routes;
    routes.push_back({.method = "GET",
                      .path = "/api/v1/tokens",
                      .summary = "The API tokens of the active tenant, newest first",
                      .permission = read,
                      .query = &wire::typeOf<PageQuery>(),
                      .response = &wire::typeOf<core::http::Page<TokenView>>(),
                      .handler = [&parts](Request& request) { return list(parts, request); }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/tokens",
                      .summary = "Create an API token; it is shown in this answer only",
                      .permission = manage,
                      .audit = Audit::action("base.token.created"),
                      .request = &wire::typeOf<NewToken>(),
                      .response = &wire::typeOf<TokenView>(),
                      .status = 201,
                      .location = "/api/v1/tokens/{id}",
                      .handler = [&parts](Request& request) { return create(parts, request); }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/tokens/{id}",
         .summary = "One API token, without the token itself",
         .permission = read,
         .response = &wire::typeOf<TokenView>(),
         .errors = {&errors::kTokenNotFound},
         .handler = [&parts](Request& request) -> Outcome {
             return Response::of(viewOf(parts.database.read(
                 request.system("tokens"), [&](Transaction& tx) { return require(parts, tx, request); })));
         }});
    routes.push_back({.method = "PUT",
                      .path = "/api/v1/tokens/{id}",
                      .summary = "Rename an API token",
                      .permission = manage,
                      .audit = Audit::action("base.token.updated"),
                      .request = &wire::typeOf<TokenChange>(),
                      .response = &wire::typeOf<TokenView>(),
                      .errors = {&errors::kTokenNotFound},
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto wanted = request.json<TokenChange>();
                          const auto row =
                              parts.database.transact(request.system("tokens"), [&](Transaction& tx) {
                                  auto token = require(parts, tx, request);
                                  request.audit().object("api_token", token.id.toString());
                                  request.audit().entry.before = auditOf(token);
                                  token.name = wanted.name;
                                  parts.tokens.rename(tx, token.id, token.name);
                                  request.audit().entry.after = auditOf(token);
                                  return token;
                              });
                          return Response::of(viewOf(row));
                      }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/tokens/{id}",
                      .summary = "Revoke an API token; its row stays with revoked_at",
                      .permission = manage,
                      .audit = Audit::action("base.token.revoked"),
                      .status = 204,
                      .errors = {&errors::kTokenNotFound},
                      .handler = [&parts](Request& request) -> Outcome {
                          parts.database.transact(request.system("tokens"), [&](Transaction& tx) {
                              const auto token = require(parts, tx, request);
                              parts.tokens.revoke(tx, token.id);
                              request.audit().object("api_token", token.id.toString());
                              request.audit().entry.before = auditOf(token);
                              tx.afterCommit([&parts, id = token.id] { parts.authentication.forget(id); });
                          });
                          return Response::empty();
                      }});
    return routes;
}

} // namespace base::api
