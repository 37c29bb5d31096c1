#include <fmt/format.h>

#include "api/routes.h"
#include "core/wire.h"

namespace base::api {

namespace {

using core::Error;
using core::http::Audit;
using core::http::Executor;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::http::Throttle;
namespace wire = core::wire;

constexpr std::string_view kCookie = "ae_refresh";

struct LoginRequest {
    std::string email;
    std::string password;
    std::optional<core::Uuid> tenantId;
};
const wire::Type& wireType(const LoginRequest*) {
    static const auto type =
        wire::object<LoginRequest>("LoginRequest")
            .field("email", &LoginRequest::email, {.minLength = 1, .maxLength = 254, .format = "email"})
            .field("password", &LoginRequest::password, {.secret = true, .minLength = 1, .maxLength = 1024})
            .field("tenant_id", &LoginRequest::tenantId,
                   {.doc = "Which of the user's tenants; default: the first by name"})
            .build();
    return type;
}

struct RefreshRequest {
    std::optional<std::string> refreshToken;
    std::optional<core::Uuid> tenantId;
};
const wire::Type& wireType(const RefreshRequest*) {
    static const auto type =
        wire::object<RefreshRequest>("RefreshRequest")
            .field(
                "refresh_token", &RefreshRequest::refreshToken,
                {.doc = "Not for browsers, whose token comes as a cookie", .secret = true, .maxLength = 200})
            .field("tenant_id", &RefreshRequest::tenantId,
                   {.doc = "Makes another of the user's tenants the active one"})
            .build();
    return type;
}

struct PasswordRequest {
    std::string current;
    std::string wanted;
};
const wire::Type& wireType(const PasswordRequest*) {
    static const auto type =
        wire::object<PasswordRequest>("PasswordRequest")
            .field("current_password", &PasswordRequest::current, {.secret = true, .maxLength = 1024})
            .field("new_password", &PasswordRequest::wanted,
                   {.doc = "At least 10 characters, at most 72 bytes", .secret = true, .maxLength = 1024})
            .build();
    return type;
}

struct TenantOfUser {
    core::Uuid id;
    std::string name;
    std::string role;
};
const wire::Type& wireType(const TenantOfUser*) {
    static const auto type = wire::object<TenantOfUser>("TenantOfUser", wire::tolerant)
                                 .field("id", &TenantOfUser::id)
                                 .field("name", &TenantOfUser::name)
                                 .field("role", &TenantOfUser::role, {.oneOf = kRoles})
                                 .build();
    return type;
}

/// Who is signed in, in the active tenant.
struct CurrentUser {
    core::Uuid id;
    std::string email;
    std::string name;
    std::string kind = "user";
    std::optional<std::string> role;
    std::optional<core::Uuid> tenantId;
    bool system = false;
    std::vector<TenantOfUser> tenants;
};
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

struct TokenAnswer {
    std::string accessToken;
    std::string tokenType = "Bearer";
    std::int64_t expiresIn = 0;
    std::optional<std::string> refreshToken;
    CurrentUser user;
};
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

/// Every current browser sends this with each request, and no script in one can change it.
bool isBrowser(const Request& request) {
    return request.headers.find("Sec-Fetch-Site") != nullptr || request.headers.find("Origin") != nullptr;
}

std::string cookie(const Request& request, const std::string& value, std::int64_t maxAge) {
    return fmt::format("{}={}; Path=/api/v1/auth; Max-Age={}; HttpOnly; SameSite=Strict{}", kCookie, value,
                       maxAge, request.secure ? "; Secure" : "");
}

CurrentUser viewOf(const UserRow& user, const Membership& active, const std::vector<Membership>& all) {
    CurrentUser view{
        user.id,       user.email,  user.name, "user", std::string(core::http::roleName(active.role)),
        active.tenant, user.system, {}};
    for (const auto& membership : all)
        view.tenants.push_back(
            {membership.tenant, membership.tenantName, std::string(core::http::roleName(membership.role))});
    return view;
}

Response answer(Parts& parts, const Request& request, const SignedIn& granted) {
    const auto all = parts.database.read(core::SystemContext("sign-in"), [&](core::db::Transaction& tx) {
        return parts.users.store().memberships(tx, granted.user.id);
    });
    TokenAnswer body;
    body.accessToken = granted.accessToken;
    body.expiresIn = granted.accessFor.count();
    body.user = viewOf(granted.user, granted.active, all);
    const bool browser = isBrowser(request);
    if (!browser)
        body.refreshToken = granted.refreshToken;
    auto response = Response::of(body);
    response.headers.add("Cache-Control", "no-store");
    if (browser)
        response.headers.add("Set-Cookie", cookie(request, granted.refreshToken, granted.refreshFor.count()));
    return response;
}

/// A cookie counts only when a page of this host sent the request; SameSite says so to the browser, this to
/// us.
std::optional<std::string> refreshCookie(const Request& request) {
    const auto site = request.headers.get("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none")
        return std::nullopt;
    return request.cookie(kCookie);
}

Outcome refresh(Parts& parts, Request& request) {
    const auto wanted = request.body.empty() ? RefreshRequest{} : request.json<RefreshRequest>();
    const auto token = wanted.refreshToken ? wanted.refreshToken : refreshCookie(request);
    if (!token)
        throw Error(core::errors::kInvalidToken, "There is no refresh token. Sign in.");
    return answer(parts, request, parts.signIn.refresh(*token, wanted.tenantId));
}

Outcome me(Parts& parts, Request& request) {
    const auto& caller = request.principal();
    CurrentUser view;
    view.id = caller.id;
    view.name = caller.name;
    view.kind = core::http::principalKindName(caller.kind);
    view.tenantId = caller.tenant;
    view.system = caller.system;
    if (caller.role)
        view.role = core::http::roleName(*caller.role);
    if (caller.kind == core::http::PrincipalKind::user) {
        parts.database.read(core::SystemContext("who am I"), [&](core::db::Transaction& tx) {
            const auto user = parts.users.store().find(tx, caller.id);
            if (!user)
                throw Error(core::errors::kInvalidToken, "The user does not exist any more.");
            view.email = user->email;
            view.name = user->name;
            for (const auto& m : parts.users.store().memberships(tx, caller.id))
                view.tenants.push_back({m.tenant, m.tenantName, std::string(core::http::roleName(m.role))});
        });
    }
    return Response::of(view);
}

} // namespace

std::vector<core::http::Route> authRoutes(Parts& parts) {
    using core::errors::kForbidden;
    using core::errors::kInvalidToken;
    std::vector<core::http::Route> routes;
    routes.push_back({.method = "POST",
                      .path = "/api/v1/auth/login",
                      .summary = "Sign in with address and password",
                      .permission = Permission::open(),
                      .audit = Audit::action("base.session.created"),
                      .throttle = Throttle::failuresOf([](const Request& request) {
                          return SignIn::account(request.json<LoginRequest>().email);
                      }),
                      .executor = Executor::blocking,
                      .bodyLimit = 8192,
                      .request = &wire::typeOf<LoginRequest>(),
                      .response = &wire::typeOf<TokenAnswer>(),
                      .errors = {&kInvalidToken, &kForbidden},
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto wanted = request.json<LoginRequest>();
                          return answer(parts, request,
                                        parts.signIn.login(wanted.email, wanted.password, wanted.tenantId,
                                                           {request.remoteAddress, request.auditTrail}));
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/auth/refresh",
         .summary = "A new access token for a refresh token, which is spent; using a spent one again ends "
                    "the session",
         .permission = Permission::open(),
         .audit = Audit::exempt("renews what the sign-in granted"),
         .bodyLimit = 8192,
         .request = &wire::typeOf<RefreshRequest>(),
         .response = &wire::typeOf<TokenAnswer>(),
         .errors = {&kInvalidToken, &kForbidden},
         .handler = [&parts](Request& request) { return refresh(parts, request); }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/auth/logout",
                      .summary = "End this session",
                      .permission = Permission::role("base.self", Role::viewer),
                      .audit = Audit::action("base.session.ended"),
                      .status = 204,
                      .handler = [&parts](Request& request) -> Outcome {
                          if (const auto session = request.principal().session) {
                              request.audit().object("session", session->toString());
                              parts.signIn.logout(*session, request.system("sign-out"));
                          }
                          auto response = Response::empty();
                          response.headers.add("Set-Cookie", cookie(request, "", 0));
                          return response;
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/auth/me",
                      .summary = "Who is signed in",
                      .permission = Permission::role("base.self", Role::viewer),
                      .response = &wire::typeOf<CurrentUser>(),
                      .handler = [&parts](Request& request) { return me(parts, request); }});
    routes.push_back({.method = "PUT",
                      .path = "/api/v1/auth/password",
                      .summary = "Change one's own password; ends all other sessions",
                      .permission = Permission::role("base.self", Role::viewer),
                      .audit = Audit::action("base.user.password_changed"),
                      .throttle = Throttle::failuresOfCaller(),
                      .executor = Executor::blocking,
                      .bodyLimit = 8192,
                      .request = &wire::typeOf<PasswordRequest>(),
                      .status = 204,
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto wanted = request.json<PasswordRequest>();
                          const auto& caller = request.principal();
                          if (caller.kind != core::http::PrincipalKind::user)
                              throw Error(core::errors::kForbidden, "An API token has no password.");
                          request.audit().object("user", caller.id.toString());
                          parts.signIn.changePassword(caller, wanted.current, wanted.wanted,
                                                      request.system("change of password"));
                          return Response::empty();
                      }});
    return routes;
}

} // namespace base::api
