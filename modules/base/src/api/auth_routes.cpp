#include "api/routes.h"
#include "api/token_answer.h"
#include "base/errors.h"
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
                   {.doc = "Which of the user's tenants; default: the one chosen last, or the only one"})
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
                   {.doc = "The tenant to stay in, if another window has switched; default: the session's"})
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
            .field("current", &PasswordRequest::current, {.secret = true, .maxLength = 1024})
            .field("new", &PasswordRequest::wanted,
                   {.doc = "At least 10 characters, at most 72 bytes", .secret = true, .maxLength = 1024})
            .build();
    return type;
}

struct SwitchRequest {
    core::Uuid tenantId;
};
const wire::Type& wireType(const SwitchRequest*) {
    static const auto type = wire::object<SwitchRequest>("SwitchRequest")
                                 .field("tenant_id", &SwitchRequest::tenantId, {.doc = "One of the caller's"})
                                 .build();
    return type;
}

Outcome refresh(Parts& parts, Request& request) {
    const auto wanted = request.body.empty() ? RefreshRequest{} : request.json<RefreshRequest>();
    const auto token = wanted.refreshToken ? wanted.refreshToken : refreshCookie(request);
    if (!token)
        throw Error(core::errors::kInvalidToken, "There is no refresh token. Sign in.");
    return tokenAnswer(parts, request, parts.signIn.refresh(*token, wanted.tenantId, originOf(request)));
}

/// Only people have a session and a password.
const core::http::Principal& person(const Request& request) {
    const auto& caller = request.principal();
    if (caller.kind != core::http::PrincipalKind::user)
        throw Error(core::errors::kForbidden, "An API token has neither a session nor a password.");
    return caller;
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
                      .errors = {&kInvalidToken, &kForbidden, &errors::kTenantChoice},
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto wanted = request.json<LoginRequest>();
                          return tokenAnswer(parts, request,
                                             parts.signIn.login(wanted.email, wanted.password,
                                                                wanted.tenantId, originOf(request)));
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/auth/refresh",
         .summary = "A new access token for a refresh token, which is spent; using a spent one again after "
                    "more than 30 seconds ends the session",
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
                          response.headers.add("Set-Cookie", refreshCookieOf(request, "", 0));
                          return response;
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/auth/me",
                      .summary = "Who is signed in",
                      .permission = Permission::role("base.self", Role::viewer),
                      .response = &wire::typeOf<CurrentUser>(),
                      .handler = [&parts](Request& request) -> Outcome {
                          return Response::of(currentUser(parts, request.principal()));
                      }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/auth/switch",
                      .summary = "Work in another of one's tenants, from now on",
                      .permission = Permission::role("base.self", Role::viewer),
                      .audit = Audit::action("base.session.switched"),
                      .bodyLimit = 8192,
                      .request = &wire::typeOf<SwitchRequest>(),
                      .response = &wire::typeOf<TokenAnswer>(),
                      .errors = {&kForbidden},
                      .handler = [&parts](Request& request) -> Outcome {
                          const auto tenant = request.json<SwitchRequest>().tenantId;
                          const auto& caller = person(request);
                          if (caller.session)
                              request.audit().object("session", caller.session->toString());
                          request.audit().entry.tenant = tenant;
                          return tokenAnswer(parts, request,
                                             parts.signIn.switchTo(caller, tenant, request.system("switch")));
                      }});
    routes.push_back({.method = "POST",
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
                          const auto& caller = person(request);
                          request.audit().object("user", caller.id.toString());
                          parts.signIn.changePassword(caller, wanted.current, wanted.wanted,
                                                      request.system("change of password"),
                                                      originOf(request));
                          return Response::empty();
                      }});
    return routes;
}

} // namespace base::api
