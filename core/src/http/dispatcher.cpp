#include "http/dispatcher.h"

#include <fmt/format.h>

#include "core/db/database.h"
#include "core/encoding.h"
#include "fault/failpoint.h"
#include "http/web_socket_handshake.h"

namespace core::http {

namespace {
/// The credentials that a request carries, if any.
std::optional<Credentials> credentialsOf(const Request& request) {
    if (const std::string* key = request.headers.find("X-Agent-API-Key"))
        return Credentials{Credentials::Scheme::agentKey, *key, {}};
    const std::string* value = request.headers.find("Authorization");
    if (value == nullptr)
        return std::nullopt;
    const auto blank = value->find(' ');
    const std::string_view scheme = std::string_view(*value).substr(0, blank);
    const std::string rest = blank == std::string::npos ? std::string() : value->substr(blank + 1);
    if (equalNoCase(scheme, "Bearer"))
        return Credentials{Credentials::Scheme::bearer, rest, {}};
    if (equalNoCase(scheme, "Basic")) {
        const auto plain = base64Decode(rest);
        const auto colon = plain ? plain->find(':') : std::string::npos;
        if (colon == std::string::npos)
            throw Error(errors::kInvalidToken, "The Authorization header is not well-formed.");
        return Credentials{Credentials::Scheme::basic, plain->substr(colon + 1), plain->substr(0, colon)};
    }
    throw Error(errors::kInvalidToken, "The Authorization header names an unknown scheme; use Bearer.");
}

/// Says where what was made is found, by the route's declaration and the fields of its answer.
void locate(const Route& route, Outcome& outcome) {
    auto* response = std::get_if<Response>(&outcome);
    if (route.location.empty() || response == nullptr || (response->status != 201 && response->status != 202))
        return;
    const auto document = json::parse(response->content());
    if (!document)
        return;
    std::string address = route.location;
    for (std::size_t at = address.find('{'); at != std::string::npos; at = address.find('{', at)) {
        const std::size_t end = address.find('}', at);
        std::string_view rest = std::string_view(address).substr(at + 1, end - at - 1);
        const json::Value* value = &document.value();
        while (value != nullptr && !rest.empty()) {
            const auto dot = rest.find('.');
            value = value->find(rest.substr(0, dot));
            rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
        }
        if (value == nullptr || value->string() == nullptr)
            return;
        address.replace(at, end + 1 - at, percentEncode(*value->string()));
    }
    response->headers.set("Location", std::move(address));
}
} // namespace

Dispatcher::Dispatcher(const MiddlewareChain& middleware, Authentication& authentication, const Clock& clock,
                       Logger log, metrics::Registry& metrics)
    : middleware_(&middleware), authentication_(&authentication), clock_(&clock), log_(std::move(log)),
      metrics_(&metrics) {}

void Dispatcher::identify(Request& request, const Route* route) const {
    request.auditTrail = std::make_shared<AuditTrail>();
    AuditEntry& entry = request.auditTrail->entry;
    entry.address = request.remoteAddress;
    entry.requestId = request.requestId;
    if (route != nullptr && route->permission.isOpen())
        return;
    const bool api = request.path.starts_with("/api/") || route != nullptr;
    if (!api)
        return;
    const auto credentials = credentialsOf(request);
    if (!credentials)
        throw Error(errors::kInvalidToken,
                    "This address needs credentials: send Authorization: Bearer TOKEN.");
    request.caller = authentication_->authenticate(*credentials).value();
    entry.actorKind = principalKindName(request.caller->kind);
    entry.actorId = request.caller->id.toString();
    entry.actorName = request.caller->name;
    entry.tenant = request.caller->tenant;
}

std::optional<Response> Dispatcher::identifyCounted(Request& request, const Route& route) const {
    try {
        identify(request, &route);
        return std::nullopt;
    } catch (const Error& error) {
        if (error.status() != 401)
            throw;
        const auto credentials = credentialsOf(request);
        if (auto tooMany = edge_->failed(route, request, credentials ? sha256(credentials->secret) : ""))
            return tooMany;
        throw;
    }
}

Outcome Dispatcher::judge(Incoming& incoming) const {
    Request& request = incoming.request;
    const Route* route = incoming.match.route.get();
    if (edge_ != nullptr && route != nullptr && route->throttle.declared() && !route->permission.isOpen()) {
        if (auto refusal = identifyCounted(request, *route))
            return std::move(*refusal);
    } else {
        identify(request, route);
    }
    if (edge_ != nullptr)
        if (auto refusal = edge_->overRate(request))
            return std::move(*refusal);

    if (!incoming.match.pathExists) {
        if (fallback_ != nullptr && (request.method == "GET" || request.method == "HEAD") &&
            !request.path.starts_with("/api/"))
            if (auto response = fallback_->serve(request))
                return std::move(*response);
        if (!incomplete_.empty() && request.path.starts_with("/api/"))
            throw Error(errors::kUnavailable, "What is at this address is not there now: " + incomplete_);
        throw Error(errors::kNotFound, "There is nothing at this address.");
    }
    if (route == nullptr) {
        Response response = Response::error(
            Error(errors::kMethodNotAllowed, "This address takes " + incoming.match.allowed + " only."));
        response.headers.add("Allow", incoming.match.allowed);
        return response;
    }
    if (request.caller && !route->permission.admits(*request.caller))
        throw Error(
            errors::kForbidden,
            "You may not do this: it needs the permission \"" + route->permission.name() + "\"" +
                (route->permission.least()
                     ? ", which the role " + std::string(roleName(*route->permission.least())) + " has."
                     : std::string(".")));
    if (incoming.bodyProblem)
        throw *incoming.bodyProblem;

    if (route->webSocket) {
        if (auto refusal = webSocketRefusal(request))
            return std::move(*refusal);
        if (!fromSameOrigin(request) && (edge_ == nullptr || !edge_->admitsOrigin(request)))
            throw Error(errors::kForbidden, "A page of another site may not open this WebSocket; see "
                                            "http.cors_origins.");
    }
    request.pathParameters = std::move(incoming.match.parameters);
    if (!route->audit.actionName().empty()) {
        request.auditTrail->entry.action = route->audit.actionName();
        request.auditTrail->pending = true;
    }
    Outcome outcome = handle(*route, request);
    if (const auto* response = std::get_if<Response>(&outcome);
        response != nullptr && (response->status < 200 || response->status > 599))
        throw Error(errors::kInternal, "The server failed to answer.")
            .withDetail(fmt::format("the handler answers with the status {}", response->status));
    locate(*route, outcome);
    if (!route->webSocket && std::holds_alternative<Upgrade>(outcome))
        throw Error(errors::kInternal, "The route does not declare that it becomes a WebSocket.");
    return outcome;
}

// What these lambdas capture fits into a std::function: a request allocates nothing for them.

Outcome Dispatcher::handle(const Route& route, Request& request) const {
    if (edge_ == nullptr)
        return call(route, request);
    return edge_->handle(route, request, [this, &route](Request& one) { return call(route, one); });
}

Outcome Dispatcher::call(const Route& route, Request& request) const {
    return middleware_->run(route, request, [this, &route](Request& one) {
        return idempotency_ != nullptr && Idempotency::appliesTo(route)
                   ? idempotency_->handle(one, route.handler)
                   : route.handler(one);
    });
}

void Dispatcher::count(const Incoming& incoming, const Outcome& outcome,
                       std::chrono::nanoseconds took) const {
    // Of patterns there are few; of paths as many as somebody tries.
    static const std::string kAny = "any", kNone = "none";
    const Route* route = incoming.match.route.get();
    const auto* response = std::get_if<Response>(&outcome);
    auto& counters = route != nullptr ? *route->counters : unmatched_;
    counters.count(*metrics_, route != nullptr ? route->method : kAny, route != nullptr ? route->path : kNone,
                   response != nullptr                        ? response->status
                   : std::holds_alternative<Upgrade>(outcome) ? 101
                                                              : 0,
                   std::chrono::duration<double>(took).count());
}

std::size_t Dispatcher::bodyLimit(const Router::Match& match) noexcept {
    return match.route ? match.route->bodyLimit : 65536;
}

Error Dispatcher::bodyTooLarge(const Router::Match& match) {
    return Error(
        errors::kTooLarge,
        fmt::format("The body is larger than the {} bytes that this address accepts.", bodyLimit(match)));
}

Outcome Dispatcher::dispatch(Incoming& incoming) const {
    const auto began = clock_->steady();
    Outcome outcome = answer(incoming);
    if (fault::armed() && incoming.match.route && incoming.match.route->method != "GET")
        fault::reach("before-answer", incoming.match.route->method + " " + incoming.match.route->path);
    finish(incoming, began, outcome);
    return outcome;
}

Response Dispatcher::refuse(Incoming& incoming, const Error& error) const {
    Outcome outcome = Response::error(error);
    finish(incoming, clock_->steady(), outcome);
    return std::get<Response>(std::move(outcome));
}

void Dispatcher::finish(Incoming& incoming, std::chrono::steady_clock::time_point began,
                        Outcome& outcome) const noexcept {
    const auto took = clock_->steady() - began;
    try {
        // Scripts that wait to be asked; browsers, which all call themselves Mozilla, would ask people behind
        // the page's back.
        if (auto* response = std::get_if<Response>(&outcome);
            response != nullptr && response->status == 401 &&
            !incoming.request.headers.get("User-Agent").starts_with("Mozilla/"))
            response->headers.add("WWW-Authenticate", R"(Basic realm="api", charset="UTF-8")");
        if (edge_ != nullptr)
            incoming.late = edge_->finish(incoming.request, incoming.match.route.get(), began, outcome);
        count(incoming, outcome, took);
        if (incoming.match.route && took > incoming.match.route->timeLimit)
            log_.warn("a request took longer than its limit",
                      {{"request_id", incoming.request.requestId},
                       {"path", incoming.request.path},
                       {"took_ms", std::int64_t{std::chrono::duration_cast<milliseconds>(took).count()}}});
    } catch (const std::bad_alloc&) {
        log_.error("a request could not be counted: there is no memory");
    } catch (...) {
        log_.error("a request could not be counted", {{"error", describeCurrentException()}});
    }
}

namespace {
Error serverFailed(const Request& request) {
    return Error(errors::kInternal, "The server failed to answer; its log has the reason under request id " +
                                        request.requestId + ".");
}
} // namespace

Outcome Dispatcher::answer(Incoming& incoming) const {
    const Request& request = incoming.request;
    try {
        if (edge_ != nullptr)
            if (auto preflight = edge_->preflight(request, incoming.match))
                return std::move(*preflight);
        return judge(incoming);
    } catch (const Error& error) {
        const auto leftOut = error.status() == 503
                                 ? quiet_.write(std::string(error.name()) + error.what(), clock_->steady())
                                 : std::optional<std::int64_t>(0);
        if (error.status() >= 500 && leftOut)
            log_.error("a request failed", {{"request_id", request.requestId},
                                            {"method", request.method},
                                            {"path", request.path},
                                            {"error", describeCurrentException()},
                                            {"left_out", *leftOut}});
        return Response::error(error);
    } catch (const db::ConstraintViolation& violation) {
        if (violation.kind() != db::ConstraintViolation::Kind::unique) {
            // Statements that break their own schema's rules are a fault of the program.
            log_.error("a request broke a rule of the database", {{"request_id", request.requestId},
                                                                  {"method", request.method},
                                                                  {"path", request.path},
                                                                  {"constraint", violation.constraint()},
                                                                  {"error", violation.what()}});
            return Response::error(serverFailed(request));
        }
        // Two requests met; whoever came second may look again.
        log_.warn("a request met a constraint",
                  {{"request_id", request.requestId}, {"path", request.path}, {"error", violation.what()}});
        return Response::error(Error(errors::kConflict,
                                     "Another request changed the same thing at this moment; read "
                                     "the current state and try again."));
    } catch (const std::bad_alloc&) {
        log_.error("a request found no memory", {{"method", request.method}, {"path", request.path}});
        return Response::error(
            Error(errors::kUnavailable, "The server has no memory left for this; try again soon."));
    } catch (...) {
        log_.error("a request failed unexpectedly", {{"request_id", request.requestId},
                                                     {"method", request.method},
                                                     {"path", request.path},
                                                     {"error", describeCurrentException()}});
        return Response::error(serverFailed(request));
    }
}

} // namespace core::http
