#include <gtest/gtest.h>

#include "api_client/failure_kinds.h"
#include "api_client/host_client.h"
#include "restic/protocol/refusals.h"

namespace {
using agent::ApiFailure;
using agent::failureOf;

ApiFailure::Kind kindOf(int status, const std::string& body) {
    core::http::ClientResponse response;
    response.status = status;
    response.body = body;
    return failureOf(response).kind;
}

std::string named(const std::string& name) {
    return R"({"error":")" + name + R"(","message":"m"})";
}

TEST(Refusals, OnlyOurOwnWordEndsAnything) {
    using Kind = ApiFailure::Kind;
    EXPECT_EQ(kindOf(401, named("TokenRevoked")), Kind::revoked);
    EXPECT_EQ(kindOf(401, named("TokenExpired")), Kind::revoked);
    EXPECT_EQ(kindOf(401, named("InvalidToken")), Kind::unauthorized);
    EXPECT_EQ(kindOf(404, named("TaskNotFound")), Kind::taskEnded);
    EXPECT_EQ(kindOf(409, named("StaleAttempt")), Kind::taskEnded);
    EXPECT_EQ(kindOf(409, named("TaskAlreadyFinished")), Kind::taskEnded);
    EXPECT_EQ(kindOf(400, named("ValidationError")), Kind::rejected);
    for (const int status : {400, 401, 403, 404, 405, 407, 409, 410, 413, 418, 426, 431, 451, 500, 502, 503})
        for (const std::string& body :
             {std::string(), std::string("not found"), std::string("<html></html>"),
              std::string(R"({"error":{"code":404}})"), std::string(R"(["TaskNotFound"])"),
              std::string(R"({"message":"TaskNotFound"})"), named("NotFound"), named("AgentNotFound"),
              named("InsufficientPermissions"), std::string("{\"error\":\"TaskNotFound\"")})
            EXPECT_EQ(kindOf(status, body), Kind::busy) << status << " " << body;
    // A known name under another status is somebody else's word.
    EXPECT_EQ(kindOf(403, named("TokenRevoked")), Kind::busy);
    EXPECT_EQ(kindOf(500, named("TaskNotFound")), Kind::busy);
}

TEST(Refusals, EachFailureOfAPollAndOfAHeartbeatHasItsName) {
    using Kind = ApiFailure::Kind;
    namespace failures = agent::failures;
    const auto poll = [](Kind kind, int status) {
        ApiFailure failure;
        failure.kind = kind;
        failure.status = status;
        return failures::ofPoll(failure).name;
    };
    EXPECT_EQ(poll(Kind::network, 0), "ConnectionFailed");
    EXPECT_EQ(poll(Kind::unauthorized, 401), "Unauthorized");
    EXPECT_EQ(poll(Kind::revoked, 401), "Unauthorized");
    EXPECT_EQ(poll(Kind::busy, 503), "OrchestratorDown");
    EXPECT_EQ(poll(Kind::busy, 500), "TaskRetrievalFailed");
    EXPECT_EQ(poll(Kind::rejected, 400), "TaskRetrievalFailed");
    EXPECT_EQ(failures::ofHeartbeat(4, 5).name, "HeartbeatFailed");
    EXPECT_EQ(failures::ofHeartbeat(5, 5).name, "OrchestratorUnreachable");
    EXPECT_EQ(failures::kUnauthorized.remedy, restic::protocol::Remedy::change);
    for (const auto* kind : failures::kAll)
        EXPECT_FALSE(kind->meaning.empty() || kind->recovery.empty()) << kind->name;
}

TEST(Refusals, WhatIsBusyIsTriedAgain) {
    ApiFailure failure;
    using Kind = ApiFailure::Kind;
    for (const auto kind : {Kind::network, Kind::busy, Kind::unauthorized}) {
        failure.kind = kind;
        EXPECT_TRUE(failure.worthRetrying());
    }
    for (const auto kind : {Kind::revoked, Kind::rejected, Kind::taskEnded, Kind::interrupted}) {
        failure.kind = kind;
        EXPECT_FALSE(failure.worthRetrying());
    }
}
} // namespace
