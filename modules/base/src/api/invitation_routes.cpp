#include <fmt/format.h>

#include "api/routes.h"
#include "api/token_answer.h"
#include "base/errors.h"
#include "core/http/page.h"
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
using core::http::Throttle;
namespace wire = core::wire;

struct NewUserRequest {
    std::string email;
    std::string name;
    std::string role = "viewer";
};
const wire::Type& wireType(const NewUserRequest*) {
    static const auto type =
        wire::object<NewUserRequest>("NewUser")
            .field("email", &NewUserRequest::email, {.minLength = 3, .maxLength = 254, .format = "email"})
            .field("name", &NewUserRequest::name,
                   {.doc = "Of a new account",
                    .optional = true,
                    .maxLength = 200,
                    .check = core::checkNameOrNone})
            .field("role", &NewUserRequest::role, {.optional = true, .oneOf = kRoles})
            .build();
    return type;
}

struct InvitationToken {
    core::Uuid id;
    std::string token;
    std::string url;
    core::Instant expiresAt;
};
const wire::Type& wireType(const InvitationToken*) {
    static const auto type =
        wire::object<InvitationToken>("InvitationToken", wire::tolerant)
            .field("id", &InvitationToken::id)
            .field("token", &InvitationToken::token,
                   {.doc = "Shown once: give it to the person on a way that is theirs alone"})
            .field("url", &InvitationToken::url,
                   {.doc =
                        "The page on which it is accepted; the token stands behind #, which browsers do not "
                        "send"})
            .field("expires_at", &InvitationToken::expiresAt)
            .build();
    return type;
}

struct InvitedUser {
    std::string email;
    std::string role;
    InvitationToken invitation;
};
const wire::Type& wireType(const InvitedUser*) {
    static const auto type = wire::object<InvitedUser>("InvitedUser", wire::tolerant)
                                 .field("email", &InvitedUser::email)
                                 .field("role", &InvitedUser::role, {.oneOf = kRoles})
                                 .field("invitation", &InvitedUser::invitation)
                                 .build();
    return type;
}

struct InvitationView {
    core::Uuid id;
    std::string email;
    std::string name;
    std::string role;
    std::optional<core::Uuid> createdBy;
    core::Instant createdAt;
    core::Instant expiresAt;
};
const wire::Type& wireType(const InvitationView*) {
    static const auto type = wire::object<InvitationView>("Invitation", wire::tolerant)
                                 .field("id", &InvitationView::id)
                                 .field("email", &InvitationView::email)
                                 .field("name", &InvitationView::name)
                                 .field("role", &InvitationView::role, {.oneOf = kRoles})
                                 .field("created_by", &InvitationView::createdBy)
                                 .field("created_at", &InvitationView::createdAt)
                                 .field("expires_at", &InvitationView::expiresAt)
                                 .build();
    return type;
}

struct LookRequest {
    std::string token;
};
const wire::Type& wireType(const LookRequest*) {
    static const auto type =
        wire::object<LookRequest>("InvitationLook")
            .field("token", &LookRequest::token, {.secret = true, .minLength = 1, .maxLength = 200})
            .build();
    return type;
}

struct LookView {
    std::string email;
    std::string role;
    std::string tenantName;
    core::Instant expiresAt;
};
const wire::Type& wireType(const LookView*) {
    static const auto type = wire::object<LookView>("InvitationOffer", wire::tolerant)
                                 .field("email", &LookView::email, {.doc = "Whom it is for"})
                                 .field("role", &LookView::role, {.oneOf = kRoles})
                                 .field("tenant_name", &LookView::tenantName)
                                 .field("expires_at", &LookView::expiresAt)
                                 .build();
    return type;
}

struct AcceptRequest {
    std::string token;
    std::optional<std::string> password;
};
const wire::Type& wireType(const AcceptRequest*) {
    static const auto type =
        wire::object<AcceptRequest>("InvitationAcceptance")
            .field("token", &AcceptRequest::token, {.secret = true, .minLength = 1, .maxLength = 200})
            .field("password", &AcceptRequest::password,
                   {.doc = "Of a new account: at least 10 characters, at most 72 bytes. Not when signed in",
                    .secret = true,
                    .maxLength = 1024})
            .build();
    return type;
}

/// As the caller reached this host. The token is behind #: no log and no Referer has it.
std::string urlOf(const Request& request, const std::string& token) {
    const auto host = request.headers.get("Host");
    const std::string origin =
        host.empty() ? std::string() : fmt::format("{}://{}", request.secure ? "https" : "http", host);
    return origin + "/invitation#" + token;
}

/// Who is signed in, on a route that is open: only if they say so.
std::optional<core::http::Principal> callerOf(Parts& parts, const Request& request) {
    const std::string header(request.headers.get("Authorization"));
    constexpr std::string_view kBearer = "Bearer ";
    if (header.empty())
        return std::nullopt;
    if (!header.starts_with(kBearer))
        throw core::Error(core::errors::kInvalidToken, "Sign in, and send Authorization: Bearer TOKEN.");
    return parts.authentication
        .authenticate({core::http::Credentials::Scheme::bearer, header.substr(kBearer.size()), {}})
        .value();
}

Outcome invite(Parts& parts, Request& request) {
    const auto wanted = request.json<NewUserRequest>();
    Response answer;
    parts.invitations.invite(
        request.tenant().tenant(), request.principal(),
        {wanted.email, wanted.name, *core::http::parseRole(wanted.role)}, request.system("users"),
        [&](const Invitations::Made& made) {
            auto response = Response::of(
                InvitedUser{made.row.email,
                            std::string(core::http::roleName(made.row.role)),
                            {made.row.id, made.token, urlOf(request, made.token), made.row.expiresAt}},
                201);
            response.headers.add("Cache-Control", "no-store");
            answer = request.keep(std::move(response));
        });
    return answer;
}

Outcome list(Parts& parts, Request& request) {
    const auto query = request.queryAs<PageQuery>();
    const auto after = query.after ? std::optional(Cursor::decode(*query.after)) : std::nullopt;
    return Response::of(core::http::makePage(
        parts.invitations.list(request.tenant(), after, query.limit), query.limit,
        [](const InvitationRow& row) {
            return Cursor{core::toMicros(row.createdAt), row.id};
        },
        [](const InvitationRow& row) {
            return InvitationView{
                row.id,        row.email,     row.name,     std::string(core::http::roleName(row.role)),
                row.createdBy, row.createdAt, row.expiresAt};
        }));
}

Outcome look(Parts& parts, Request& request) {
    const auto found = parts.invitations.look(request.json<LookRequest>().token);
    auto response = Response::of(LookView{found.row.email, std::string(core::http::roleName(found.row.role)),
                                          found.tenantName, found.row.expiresAt});
    response.headers.add("Cache-Control", "no-store");
    return response;
}

Outcome accept(Parts& parts, Request& request) {
    const auto wanted = request.json<AcceptRequest>();
    return tokenAnswer(
        parts, request,
        parts.invitations.accept(wanted.token, wanted.password, callerOf(parts, request), originOf(request)));
}

} // namespace

std::vector<core::http::Route> invitationRoutes(Parts& parts) {
    using core::errors::kForbidden;
    using core::errors::kInvalidToken;
    const auto read = Permission::role("base.users.read", Role::admin);
    const auto manage = Permission::role("base.users.manage", Role::admin);
    // Of no account: whoever tries tokens is known by their address only.
    const auto guessing = Throttle::failuresOf([](const Request&) { return std::string(); });
    std::vector<core::http::Route> routes;
    routes.push_back({.method = "POST",
                      .path = "/api/v1/users",
                      .summary =
                          "Invite a person into the active tenant; the answer is the same whether or not "
                          "the address has an account",
                      .permission = manage,
                      .audit = Audit::action("base.user.invited"),
                      .bodyLimit = 8192,
                      .request = &wire::typeOf<NewUserRequest>(),
                      .response = &wire::typeOf<InvitedUser>(),
                      .status = 201,
                      .location = "/api/v1/invitations/{invitation.id}",
                      .errors = {&errors::kUserExists, &errors::kTooManyInvitations},
                      .handler = [&parts](Request& request) { return invite(parts, request); }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/invitations",
                      .summary = "The open invitations of the active tenant, newest first",
                      .permission = read,
                      .query = &wire::typeOf<PageQuery>(),
                      .response = &wire::typeOf<core::http::Page<InvitationView>>(),
                      .handler = [&parts](Request& request) { return list(parts, request); }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/invitations/{id}",
                      .summary = "Withdraw an invitation",
                      .permission = manage,
                      .audit = Audit::action("base.invitation.withdrawn"),
                      .status = 204,
                      .errors = {&errors::kInvitationNotFound},
                      .handler = [&parts](Request& request) -> Outcome {
                          parts.invitations.withdraw(request.tenant().tenant(),
                                                     request.uuidParameter("id", errors::kInvitationNotFound),
                                                     request.system("users"));
                          return Response::empty();
                      }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/auth/invitations/look",
                      .summary = "What the holder of an invitation is invited to",
                      .permission = Permission::open(),
                      .audit = Audit::exempt("changes nothing"),
                      .throttle = guessing,
                      .bodyLimit = 8192,
                      .request = &wire::typeOf<LookRequest>(),
                      .response = &wire::typeOf<LookView>(),
                      .errors = {&errors::kInvitationNotFound},
                      .handler = [&parts](Request& request) { return look(parts, request); }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/auth/invitations/accept",
                      .summary =
                          "Become a member: a new account sets its password, an existing one is signed in "
                          "(Authorization: Bearer)",
                      .permission = Permission::open(),
                      .audit = Audit::action("base.invitation.accepted"),
                      .throttle = guessing,
                      .executor = Executor::blocking,
                      .bodyLimit = 8192,
                      .request = &wire::typeOf<AcceptRequest>(),
                      .response = &wire::typeOf<TokenAnswer>(),
                      .errors = {&errors::kInvitationNotFound, &kInvalidToken, &kForbidden},
                      .handler = [&parts](Request& request) { return accept(parts, request); }});
    return routes;
}

} // namespace base::api
