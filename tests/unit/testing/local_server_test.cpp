#include "core/http/local_server.h"

#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/fake_clock.h"
#include "core/testing/test_callers.h"
#include "core/testing/test_log.h"

namespace core::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class LocalServerTest : public testing::Test {
protected:
    LocalServerTest() { authentication_.add(callers_); }

    Route route(std::string method, std::string path, Permission permission, Handler handler) {
        Route made;
        made.method = std::move(method);
        made.path = std::move(path);
        made.permission = std::move(permission);
        made.audit = Audit::exempt("a test");
        made.handler = std::move(handler);
        return made;
    }
    void add(Route one) { server_.add("test", {std::move(one)}); }
    LocalAnswer send(const std::string& method, const std::string& path, const std::string& token = {},
                     std::string body = {}) {
        Request request;
        request.method = method;
        request.path = path;
        request.body = std::move(body);
        if (!token.empty())
            request.headers.add("Authorization", "Bearer " + token);
        return server_.send(std::move(request));
    }
    int status(const std::string& method, const std::string& path, const std::string& token = {},
               std::string body = {}) {
        return send(method, path, token, std::move(body)).response().status;
    }
    std::string tokenOf(Role role) {
        Principal principal;
        principal.role = role;
        return callers_->tokenOf(principal);
    }
    static Outcome ok(Request& request) {
        return Response::text(request.remoteAddress + " " + request.body, "text/plain");
    }

    testkit::TestLog log_;
    testkit::FakeClock clock_;
    std::shared_ptr<testkit::TestCallers> callers_ = std::make_shared<testkit::TestCallers>();
    Authentication authentication_{clock_};
    LocalServer server_{authentication_, clock_, log_.logger()};
    std::optional<ParkedRequest> parked_;
};

TEST_F(LocalServerTest, JudgesAsTheHostDoes) {
    Route small = route("POST", "/api/v1/small", Permission::role("test.small", Role::operator_), ok);
    small.bodyLimit = 4;
    add(std::move(small));
    add(route("GET", "/api/v1/ill", Permission::open(),
              [](Request&) -> Outcome { throw std::runtime_error("inner matter"); }));
    const auto operators = tokenOf(Role::operator_);
    EXPECT_EQ(status("POST", "/api/v1/small"), 401);
    EXPECT_EQ(status("POST", "/api/v1/small", "garbage"), 401);
    EXPECT_EQ(status("GET", "/api/v1/nowhere"), 401) << "without credentials nobody learns what exists";
    EXPECT_EQ(status("GET", "/api/v1/nowhere", operators), 404);
    EXPECT_EQ(status("POST", "/api/v1/small", tokenOf(Role::viewer)), 403);
    EXPECT_EQ(status("POST", "/api/v1/small", operators, "1234"), 200);
    EXPECT_EQ(status("POST", "/api/v1/small", operators, "12345"), 413);
    const auto wrong = send("GET", "/api/v1/small", operators).response();
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(wrong.headers.get("Allow"), "POST");
    const auto ill = send("GET", "/api/v1/ill").response();
    EXPECT_EQ(ill.status, 500);
    EXPECT_THAT(ill.body, testing::Not(HasSubstr("inner matter")));
    EXPECT_THAT(log_.text(), HasSubstr("inner matter"));
    EXPECT_THAT(server_.openApi("1"), HasSubstr("/api/v1/small"));
}

TEST_F(LocalServerTest, RefusesRoutesWithWhichNoHostWouldServe) {
    EXPECT_THROW(add(route("GET", "/a", Permission(), ok)), Error);
    Route silent = route("POST", "/b", Permission::open(), ok);
    silent.audit = Audit();
    EXPECT_THROW(add(std::move(silent)), Error);
    add(route("GET", "/c", Permission::open(), ok));
    EXPECT_THROW(add(route("GET", "/c", Permission::open(), ok)), Error);
}

TEST_F(LocalServerTest, AParkedRequestIsAnsweredOnceOrItsWaitEnds) {
    add(route("GET", "/wait", Permission::open(), [this](Request&) -> Outcome {
        return Park{30s, Response::text("nothing", "text/plain"),
                    [this](ParkedRequest handle) { parked_.emplace(std::move(handle)); }};
    }));
    auto answered = send("GET", "/wait");
    EXPECT_TRUE(answered.waiting());
    EXPECT_EQ(answered.wait(), 30s);
    EXPECT_THROW(static_cast<void>(answered.response()), Error);
    std::jthread other([handle = *parked_]() mutable {
        if (handle.claim())
            handle.answer(Response::text("work", "text/plain"));
    });
    ASSERT_TRUE(answered.await(20s));
    EXPECT_EQ(answered.response().body, "work");
    answered.endWait();
    EXPECT_EQ(answered.response().body, "work");

    auto ended = send("GET", "/wait");
    ended.endWait();
    EXPECT_EQ(ended.response().body, "nothing");
    EXPECT_FALSE(parked_->claim());

    auto gone = send("GET", "/wait");
    gone.hangUp();
    EXPECT_FALSE(gone.waiting());
    EXPECT_FALSE(parked_->claim());
    EXPECT_TRUE(parked_->over());
    EXPECT_THROW(static_cast<void>(gone.response()), Error);
}

TEST_F(LocalServerTest, AWebSocketIsTalkedToFromItsClientsSide) {
    std::vector<std::string> heard;
    Route echo = route("GET", "/echo", Permission::role("test.read", Role::viewer), [&](Request&) -> Outcome {
        return Upgrade{
            [](const WebSocket& socket) { static_cast<void>(socket.send({"hello"})); },
            [&](const WebSocket& socket, WebSocketMessage message) {
                heard.push_back(message.data);
                if (message.data == "end")
                    socket.close({4000, "done"});
                else
                    static_cast<void>(socket.send(std::move(message)));
            },
            [&](const WebSocketEnd& end) { heard.push_back("closed " + std::to_string(end.code)); }};
    });
    echo.webSocket = WebSocketLimits{};
    add(std::move(echo));
    EXPECT_EQ(status("GET", "/echo"), 401);

    const auto answer = send("GET", "/echo", tokenOf(Role::viewer));
    EXPECT_FALSE(answer.waiting());
    auto socket = answer.webSocket().value();
    EXPECT_THAT(socket.take(), testing::ElementsAre(WebSocketMessage{"hello"}));
    socket.send({"a"});
    socket.send({"b", false});
    EXPECT_THAT(socket.take(), testing::ElementsAre(WebSocketMessage{"a"}, WebSocketMessage{"b", false}));
    EXPECT_FALSE(socket.end());
    socket.send({"end"});
    EXPECT_EQ(socket.end(), (WebSocketEnd{4000, "done"}));
    socket.send({"too late"});
    socket.close({1000});
    EXPECT_THAT(heard, testing::ElementsAre("a", "b", "end", "closed 4000"));
    EXPECT_FALSE(send("GET", "/nowhere", tokenOf(Role::viewer)).webSocket());
}

} // namespace
} // namespace core::http
