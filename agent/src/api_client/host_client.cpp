#include "api_client/host_client.h"

#include "core/encoding.h"
#include "core/wire.h"
#include "restic/protocol/refusals.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
constexpr auto kCallTimeout = std::chrono::milliseconds(20000);
constexpr std::string_view kApi = "/api/v1/restic";

ApiFailure fromError(const core::Error& error) {
    ApiFailure failure;
    failure.kind = &error.kind() == &core::errors::kCallInterrupted ? ApiFailure::Kind::interrupted
                                                                    : ApiFailure::Kind::network;
    failure.name = error.name();
    failure.message = error.what();
    return failure;
}

ApiFailure::Kind kindOf(protocol::Refusal refusal) {
    using Kind = ApiFailure::Kind;
    switch (refusal) {
    case protocol::Refusal::endsIdentity:
        return Kind::revoked;
    case protocol::Refusal::token:
        return Kind::unauthorized;
    case protocol::Refusal::registration:
        return Kind::registration;
    case protocol::Refusal::endsTask:
        return Kind::taskEnded;
    case protocol::Refusal::content:
        return Kind::rejected;
    case protocol::Refusal::lacksItems:
        return Kind::lacksItems;
    case protocol::Refusal::tooLarge:
        return Kind::tooLarge;
    case protocol::Refusal::later:
        break;
    }
    return Kind::busy;
}
} // namespace

ApiFailure failureOf(const core::http::ClientResponse& response) {
    ApiFailure failure;
    failure.status = response.status;
    if (const auto body = core::json::parse(response.body)) {
        failure.name = body.value().stringOr("error");
        if (!failure.name.empty())
            failure.message = body.value().stringOr("message");
        if (const auto* details = body.value().find("details");
            details != nullptr && details->array() != nullptr)
            for (const auto& detail : *details->array())
                failure.message += "; " + detail.stringOr("pointer") + " " + detail.stringOr("message");
    }
    if (failure.message.empty())
        failure.message =
            "status " + std::to_string(response.status) +
            " without an error of the server's; something between may have answered in its place";
    if (response.retryAfter)
        failure.retryAfter = *response.retryAfter;
    failure.kind = kindOf(protocol::judgeRefusal(response.status, failure.name));
    return failure;
}

namespace {
template <typename T>
ApiResult<T> typed(ApiResult<core::http::ClientResponse> answer) {
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

ApiResult<core::http::ClientResponse> sendOnce(core::http::Client& http,
                                               const core::http::ClientRequest& request,
                                               core::http::Interrupter* interrupter) {
    auto response = http.send(request, interrupter);
    if (!response)
        return {std::nullopt, fromError(response.error())};
    if (response.value().status < 200 || response.value().status > 299)
        return {std::nullopt, failureOf(response.value())};
    return {std::move(response).value(), {}};
}
} // namespace

ApiResult<protocol::RegisterResponse> registerAgent(core::http::Client& http, const std::string& token,
                                                    const std::string& nonce,
                                                    const protocol::RegisterRequest& request) {
    core::http::ClientRequest call;
    call.method = "POST";
    call.path = std::string(kApi) + "/agents/register";
    call.body = core::wire::write(request);
    call.bearer = token;
    call.idempotencyKey = nonce;
    call.timeout = kCallTimeout;
    return typed<protocol::RegisterResponse>(sendOnce(http, call, nullptr));
}

HostClient::HostClient(core::http::Client& http, IdentityStore& identity, const core::Clock& clock,
                       core::Logger log, std::function<void()> lost)
    : http_(http), identity_(identity), clock_(clock), log_(std::move(log)), lost_(std::move(lost)) {}

std::string HostClient::base() const {
    return std::string(kApi) + "/agents/" + core::percentEncode(identity_.get().agentId);
}

ApiResult<core::http::ClientResponse> HostClient::call(core::http::ClientRequest request,
                                                       core::http::Interrupter* interrupter) {
    request.bearer = identity_.get().token;
    auto answer = sendOnce(http_, request, interrupter);
    using Kind = ApiFailure::Kind;
    if (answer || (answer.failure.kind != Kind::unauthorized && answer.failure.kind != Kind::revoked))
        return answer;
    if (!rotate(request.bearer)) {
        if (answer.failure.kind == Kind::unauthorized)
            log_.error(
                "The server does not know this agent's token. It is tried again; if this lasts, enrol the "
                "agent again with `restic-agent enroll`",
                {{"error", answer.failure.message}});
        return answer;
    }
    request.bearer = identity_.get().token;
    return sendOnce(http_, request, interrupter);
}

bool HostClient::rotate(const std::string& used) {
    const std::lock_guard lock(rotation_);
    if (identity_.get().token != used)
        return true;
    if (lostCalled_)
        return false;
    core::http::ClientRequest request;
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
    if (answer.failure.kind == ApiFailure::Kind::revoked)
        giveUp(answer.failure);
    else
        log_.warn("The agent's token could not be rotated", {{"error", answer.failure.message}});
    return false;
}

void HostClient::giveUp(const ApiFailure& failure) {
    lostCalled_ = true;
    log_.error("The server no longer accepts this agent; enrol it again with `restic-agent enroll`",
               {{"reason", failure.name}, {"error", failure.message}});
    lost_();
}

void HostClient::rotateIfDue() {
    const auto identity = identity_.get();
    if (clock_.now() >= rotationTime(identity))
        rotate(identity.token);
}

ApiResult<protocol::HeartbeatResponse> HostClient::heartbeat(const protocol::HeartbeatRequest& request,
                                                             std::chrono::milliseconds timeout,
                                                             core::http::Interrupter* interrupter) {
    core::http::ClientRequest out;
    out.method = "POST";
    out.path = base() + "/heartbeat";
    out.body = core::wire::write(request);
    out.timeout = timeout;
    return typed<protocol::HeartbeatResponse>(call(std::move(out), interrupter));
}

ApiResult<std::vector<protocol::Envelope>> HostClient::poll(std::int64_t free, std::chrono::milliseconds wait,
                                                            core::http::Interrupter& interrupter) {
    core::http::ClientRequest out;
    out.path = base() + "/tasks?wait=" +
               std::to_string(std::chrono::duration_cast<std::chrono::seconds>(wait).count()) +
               "&free=" + std::to_string(free);
    out.timeout = wait + std::chrono::seconds(15);
    auto answer = typed<protocol::TaskPoll>(call(std::move(out), &interrupter));
    if (!answer)
        return {std::nullopt, std::move(answer.failure)};
    return {std::move(answer.value->items), {}};
}

ApiResult<protocol::TaskStatusAck> HostClient::reportStatus(const std::string& taskId,
                                                            const protocol::TaskStatusReport& report,
                                                            core::http::Interrupter* interrupter) {
    core::http::ClientRequest out;
    out.method = "POST";
    out.path = std::string(kApi) + "/tasks/" + core::percentEncode(taskId) + "/status";
    out.body = core::wire::write(report);
    out.timeout = kCallTimeout;
    return typed<protocol::TaskStatusAck>(call(std::move(out), interrupter));
}

ApiResult<protocol::LogAck> HostClient::sendLogs(const std::string& taskId, const protocol::LogBatch& batch,
                                                 core::http::Interrupter* interrupter) {
    core::http::ClientRequest out;
    out.method = "POST";
    out.path = std::string(kApi) + "/tasks/" + core::percentEncode(taskId) + "/logs";
    out.body = core::wire::write(batch);
    out.timeout = kCallTimeout;
    return typed<protocol::LogAck>(call(std::move(out), interrupter));
}

ApiResult<protocol::ResultAck> HostClient::sendItems(const std::string& taskId,
                                                     const protocol::ResultPart& part,
                                                     core::http::Interrupter* interrupter) {
    core::http::ClientRequest out;
    out.method = "POST";
    out.path = std::string(kApi) + "/tasks/" + core::percentEncode(taskId) + "/result";
    out.body = core::wire::write(part);
    out.timeout = kCallTimeout;
    return typed<protocol::ResultAck>(call(std::move(out), interrupter));
}

} // namespace agent
