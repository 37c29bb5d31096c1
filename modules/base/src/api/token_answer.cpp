#include "api/token_answer.h"

#include <fmt/format.h>

#include "api/routes.h"
#include "core/error.h"

namespace base::api {

using core::http::Request;
using core::http::Response;
namespace wire = core::wire;

namespace {

constexpr std::string_view kCookie = "ae_refresh";

/// Every current browser sends this with each request, and no script in one can change it.
bool isBrowser(const Request& request) {
    return request.headers.find("Sec-Fetch-Site") != nullptr || request.headers.find("Origin") != nullptr;
}

} // namespace

const wire::Type& wireType(const TenantOfUser*) {
    static const auto type = wire::object<TenantOfUser>("TenantOfUser", wire::tolerant)
                                 .field("id", &TenantOfUser::id)
                                 .field("name", &TenantOfUser::name)
                                 .field("role", &TenantOfUser::role, {.oneOf = kRoles})
                                 .build();
    return type;
}

const wire::Type& wireType(const CurrentUser*) {
    static const auto type =
        wire::object<CurrentUser>("CurrentUser", wire::tolerant)
            .field("id", &CurrentUser::id)
            .field("email", &CurrentUser::email, {.doc = "Of a user; empty for an API token"})
            .field("name", &CurrentUser::name)
            .field("kind", &CurrentUser::kind, {.oneOf = {"user", "api_token"}})
            .field("role", &CurrentUser::role, {.oneOf = kRoles})
            .field("tenant_id", &CurrentUser::tenantId, {.doc = "The active tenant"})
            .field("system", &CurrentUser::system, {.doc = "May do what crosses tenants"})
            .field("tenants", &CurrentUser::tenants)
            .build();
    return type;
}

const wire::Type& wireType(const TokenAnswer*) {
    static const auto type = wire::object<TokenAnswer>("TokenAnswer", wire::tolerant)
                                 .field("access_token", &TokenAnswer::accessToken)
                                 .field("token_type", &TokenAnswer::tokenType)
                                 .field("expires_in", &TokenAnswer::expiresIn, {.doc = "Seconds"})
                                 .field("refresh_token", &TokenAnswer::refreshToken,
                                        {.doc = "null for browsers: they get it as a cookie"})
                                 .field("user", &TokenAnswer::user)
                                 .build();
    return type;
}

std::string refreshCookieOf(const Request& request, const std::string& value, std::int64_t maxAge) {
    return fmt::format("{}={}; Path=/api/v1/auth; Max-Age={}; HttpOnly; SameSite=Strict{}", kCookie, value,
                       maxAge, request.secure ? "; Secure" : "");
}

// A cookie counts only when a page of this host sent the request; SameSite says so to the browser, this to
// us.
std::optional<std::string> refreshCookie(const Request& request) {
    const auto site = request.headers.get("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none")
        return std::nullopt;
    return request.cookie(kCookie);
}

Origin originOf(const Request& request) {
    return {request.remoteAddress, request.requestId, request.auditTrail};
}

CurrentUser currentUser(Parts& parts, const core::http::Principal& caller) {
    CurrentUser view;
    view.id = caller.id;
    view.name = caller.name;
    view.kind = core::http::principalKindName(caller.kind);
    view.tenantId = caller.tenant;
    view.system = caller.system;
    if (caller.role)
        view.role = core::http::roleName(*caller.role);
    parts.database.read(core::SystemContext("who am I"), [&](core::db::Transaction& tx) {
        if (caller.kind == core::http::PrincipalKind::apiToken) {
            if (caller.tenant)
                view.tenants.push_back({*caller.tenant, parts.tenants->require(tx, *caller.tenant).name,
                                        view.role.value_or("viewer")});
            return;
        }
        const auto user = parts.users.store().find(tx, caller.id);
        if (!user)
            throw core::Error(core::errors::kInvalidToken, "The user does not exist any more.");
        const auto member =
            caller.tenant ? parts.users.store().findMember(tx, *caller.tenant, caller.id) : std::nullopt;
        view.email = user->email;
        view.name = member ? member->shownName() : user->name;
        for (const auto& m : parts.users.store().memberships(tx, caller.id))
            view.tenants.push_back({m.tenant, m.tenantName, std::string(core::http::roleName(m.role))});
    });
    return view;
}

Response tokenAnswer(Parts& parts, const Request& request, const SignedIn& granted) {
    core::http::Principal caller;
    caller.kind = core::http::PrincipalKind::user;
    caller.id = granted.user.id;
    caller.name = granted.user.email;
    caller.tenant = granted.active.tenant;
    caller.role = granted.active.role;
    caller.system = granted.user.system;
    TokenAnswer body;
    body.accessToken = granted.accessToken;
    body.expiresIn = granted.accessFor.count();
    body.user = currentUser(parts, caller);
    const bool browser = isBrowser(request);
    if (!browser)
        body.refreshToken = granted.refreshToken;
    auto response = Response::of(body);
    response.headers.add("Cache-Control", "no-store");
    if (browser)
        response.headers.add("Set-Cookie",
                             refreshCookieOf(request, granted.refreshToken, granted.refreshFor.count()));
    return response;
}

} // namespace base::api
