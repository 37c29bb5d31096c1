#include "api_client/server.h"

#include "core/encoding.h"
#include "core/wire.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
constexpr auto kCallTimeout = std::chrono::milliseconds(20000);
constexpr std::string_view kApi = "/api/v1/restic";

ApiFailure fromError(const core::Error& error) {
    ApiFailure failure;
    failure.kind = &error.kind() == &errors::kInterruptedCall ? ApiFailure::Kind::interrupted
                                                              : ApiFailure::Kind::network;
    failure.name = error.name();
    failure.message = error.what();
    return failure;
}

ApiFailure fromStatus(const HttpResponse& response) {
    ApiFailure failure;
    failure.status = response.status;
    if (const auto body = core::json::parse(response.body)) {
        failure.name = body.value().stringOr("error");
        failure.message = body.value().stringOr("message");
        if (const auto* details = body.value().find("details");
            details != nullptr && details->array() != nullptr)
            for (const auto& detail : *details->array())
                failure.message += "; " + detail.stringOr("pointer") + " " + detail.stringOr("message");
    }
    if (failure.message.empty())
        failure.message = "the server answered with status " + std::to_string(response.status);
    if (response.retryAfter)
        failure.retryAfter = *response.retryAfter;
    using Kind = ApiFailure::Kind;
    if (response.status == 401)
        failure.kind = Kind::unauthorized;
    else if (response.status == 409)
        failure.kind = Kind::conflict;
    else if (response.status == 429 || response.status == 408 || response.status >= 500)
        failure.kind = Kind::busy;
    else if (response.status >= 400)
        failure.kind = Kind::rejected;
    return failure;
}

template <typename T>
ApiResult<T> typed(ApiResult<HttpResponse> answer) {
    if (!answer)
        return {std::nullopt, std::move(answer.failure)};
    auto parsed = core::wire::parse<T>(answer.value->body);
    if (!parsed) {
        ApiFailure failure;
        failure.kind = ApiFailure::Kind::busy; // something between us and the server answers in its place
        failure.status = answer.value->status;
        failure.name = "UnexpectedAnswer";
        failure.message = "the server's answer is not of the agent protocol";
        return {std::nullopt, std::move(failure)};
    }
    return {std::move(parsed).value(), {}};
}

ApiResult<HttpResponse> sendOnce(HttpClient& http, const HttpRequest& request, Interrupter* interrupter) {
    auto response = http.send(request, interrupter);
    if (!response)
        return {std::nullopt, fromError(response.error())};
    if (response.value().status < 200 || response.value().status > 299)
        return {std::nullopt, fromStatus(response.value())};
    return {std::move(response).value(), {}};
}
} // namespace

ApiResult<protocol::RegisterResponse> registerAgent(HttpClient& http, const std::string& token,
                                                    const std::string& nonce,
                                                    const protocol::RegisterRequest& request) {
    HttpRequest call;
    call.method = "POST";
    call.path = std::string(kApi) + "/agents/register";
    call.body = core::wire::write(request);
    call.bearer = token;
    call.idempotencyKey = nonce;
    call.timeout = kCallTimeout;
    return typed<protocol::RegisterResponse>(sendOnce(http, call, nullptr));
}

Server::Server(HttpClient& http, IdentityStore& identity, const core::Clock& clock, core::Logger log,
               std::function<void()> lost)
    : http_(http), identity_(identity), clock_(clock), log_(std::move(log)), lost_(std::move(lost)) {}

std::string Server::base() const {
    return std::string(kApi) + "/agents/" + core::percentEncode(identity_.get().agentId);
}

ApiResult<HttpResponse> Server::call(HttpRequest request, Interrupter* interrupter) {
    request.bearer = identity_.get().token;
    auto answer = sendOnce(http_, request, interrupter);
    if (answer || answer.failure.kind != ApiFailure::Kind::unauthorized)
        return answer;
    if (!rotate(request.bearer))
        return answer;
    request.bearer = identity_.get().token;
    return sendOnce(http_, request, interrupter);
}

bool Server::rotate(const std::string& used) {
    const std::lock_guard lock(rotation_);
    if (identity_.get().token != used)
        return true;
    if (lostCalled_)
        return false;
    HttpRequest request;
    request.method = "POST";
    request.path = base() + "/rotate-token";
    request.body = "{}";
    request.bearer = used;
    request.timeout = kCallTimeout;
    const auto now = clock_.now();
    auto answer = typed<protocol::TokenResponse>(sendOnce(http_, request, nullptr));
    if (answer) {
        log_.hub().addSecret(answer.value->token);
        identity_.replaceToken(answer.value->token, now, answer.value->expiresAt);
        log_.info("The agent's token was rotated",
                  {{"expires_at", core::formatInstant(answer.value->expiresAt)}});
        return true;
    }
    if (answer.failure.kind == ApiFailure::Kind::unauthorized) {
        lostCalled_ = true;
        log_.error("The server no longer accepts this agent; enrol it again with `restic-agent enroll`",
                   {{"error", answer.failure.message}});
        lost_();
    } else {
        log_.warn("The agent's token could not be rotated", {{"error", answer.failure.message}});
    }
    return false;
}

void Server::rotateIfDue() {
    const auto identity = identity_.get();
    if (clock_.now() >= rotationTime(identity))
        rotate(identity.token);
}

ApiResult<protocol::HeartbeatResponse> Server::heartbeat(const protocol::HeartbeatRequest& request,
                                                         std::chrono::milliseconds timeout,
                                                         Interrupter* interrupter) {
    HttpRequest out;
    out.method = "POST";
    out.path = base() + "/heartbeat";
    out.body = core::wire::write(request);
    out.timeout = timeout;
    return typed<protocol::HeartbeatResponse>(call(std::move(out), interrupter));
}

ApiResult<std::vector<protocol::Envelope>> Server::poll(std::int64_t free, std::chrono::milliseconds wait,
                                                        Interrupter& interrupter) {
    HttpRequest out;
    out.path = base() + "/tasks?wait=" +
               std::to_string(std::chrono::duration_cast<std::chrono::seconds>(wait).count()) +
               "&free=" + std::to_string(free);
    out.timeout = wait + std::chrono::seconds(15);
    auto answer = typed<protocol::TaskPoll>(call(std::move(out), &interrupter));
    if (!answer)
        return {std::nullopt, std::move(answer.failure)};
    return {std::move(answer.value->items), {}};
}

ApiResult<protocol::TaskStatusAck> Server::reportStatus(const std::string& taskId,
                                                        const protocol::TaskStatusReport& report,
                                                        Interrupter* interrupter) {
    HttpRequest out;
    out.method = "POST";
    out.path = std::string(kApi) + "/tasks/" + core::percentEncode(taskId) + "/status";
    out.body = core::wire::write(report);
    out.timeout = kCallTimeout;
    return typed<protocol::TaskStatusAck>(call(std::move(out), interrupter));
}

ApiResult<protocol::LogAck> Server::sendLogs(const std::string& taskId, const protocol::LogBatch& batch,
                                             Interrupter* interrupter) {
    HttpRequest out;
    out.method = "POST";
    out.path = std::string(kApi) + "/tasks/" + core::percentEncode(taskId) + "/logs";
    out.body = core::wire::write(batch);
    out.timeout = kCallTimeout;
    return typed<protocol::LogAck>(call(std::move(out), interrupter));
}

} // namespace agent
