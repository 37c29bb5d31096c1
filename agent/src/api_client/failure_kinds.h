#pragma once

#include <array>

#include "api_client/host_client.h"
#include "restic/protocol/failure_kind.h"

/// Why the agent gets nothing from its server, as its log calls it under `reason`.
namespace agent::failures {

using restic::protocol::FailureKind;
using restic::protocol::Remedy;

inline constexpr FailureKind kConnectionFailed{
    {"ConnectionFailed", 503, "The server cannot be reached", "Check the network and orchestrator.url"},
    Remedy::retry};
inline constexpr FailureKind kUnauthorized{{"Unauthorized", 401, "The server does not take the agent's token",
                                            "If it lasts, enrol the agent again: restic-agent enroll"},
                                           Remedy::change};
inline constexpr FailureKind kOrchestratorDown{
    {"OrchestratorDown", 503, "The server cannot answer now", "Look at the server's log"}, Remedy::retry};
inline constexpr FailureKind kTaskRetrievalFailed{
    {"TaskRetrievalFailed", 500, "The server gave no answer about tasks",
     "Look at the server's log, and at what stands between it and the agent"},
    Remedy::retry};
inline constexpr FailureKind kHeartbeatFailed{
    {"HeartbeatFailed", 500, "A heartbeat was not taken", "Nothing, unless it lasts"}, Remedy::retry};
inline constexpr FailureKind kOrchestratorUnreachable{
    {"OrchestratorUnreachable", 503, "Heartbeats have not been taken for several times in a row",
     "Check the network, orchestrator.url and the server"},
    Remedy::retry};

inline constexpr std::array kAll{&kConnectionFailed,    &kUnauthorized,    &kOrchestratorDown,
                                 &kTaskRetrievalFailed, &kHeartbeatFailed, &kOrchestratorUnreachable};

/// Of a poll that brought nothing.
[[nodiscard]] inline const FailureKind& ofPoll(const ApiFailure& failure) {
    using Kind = ApiFailure::Kind;
    if (failure.kind == Kind::network)
        return kConnectionFailed;
    if (failure.kind == Kind::unauthorized || failure.kind == Kind::revoked)
        return kUnauthorized;
    return failure.status == 503 ? kOrchestratorDown : kTaskRetrievalFailed;
}

/// Of a heartbeat after all its tries; `inARow`: with those before.
[[nodiscard]] inline const FailureKind& ofHeartbeat(std::int64_t inARow, std::int64_t threshold) {
    return inARow < threshold ? kHeartbeatFailed : kOrchestratorUnreachable;
}

} // namespace agent::failures
