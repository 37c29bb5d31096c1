// What becomes of connections in each of their states when the server stops.
#include <fstream>
#include <thread>

#include <unistd.h>

#include "integration/http/server_fixture.h"

namespace core::http {
namespace {

using testing::IsEmpty;

/// Stops the server on a thread of its own.
class Stopping {
public:
    explicit Stopping(Server& server)
        : thread_([this, &server] {
              id_ = ::gettid();
              clean_ = server.stop();
          }) {}
    /// Until it has told the loop and waits for it.
    void awaitAsked() {
        ASSERT_TRUE(test::await([&] {
            std::ifstream stat("/proc/self/task/" + std::to_string(id_) + "/stat");
            std::string text;
            std::getline(stat, text);
            return id_ != 0 && text.find(") S ") != std::string::npos;
        }));
    }
    bool clean() {
        thread_.join();
        return clean_;
    }

private:
    std::atomic<int> id_{0};
    bool clean_ = false;
    std::jthread thread_;
};

bool isRefused(std::uint16_t port) {
    try {
        const test::RawClient another(port);
        return false;
    } catch (const std::runtime_error&) {
        return true;
    }
}

class StopTest : public ServerTest {
protected:
    ~StopTest() override {
        loop.letGo();
        gate.open();
        server.reset(); // before what it calls
    }
    HeldLoop loop{options};
};

TEST_F(StopTest, ARequestThatWasArrivingIsAnswered) {
    start();
    // More than the loop looks at in one go: some have not been read when the stop begins.
    std::vector<test::RawClient> clients;
    for (int i = 0; i < 600; ++i)
        clients.push_back(connect());
    for (auto& client : clients)
        ASSERT_EQ(client.ask("/ok").body, "ok");
    const auto port = server->port();
    loop.hold();
    for (auto& client : clients)
        client.send("GET /ok HTTP/1.1\r\nHo");
    Stopping stop(*server);
    stop.awaitAsked();
    loop.letGo();
    ASSERT_TRUE(test::await([&] { return isRefused(port); }));
    for (auto& client : clients) {
        client.send("st: h\r\n\r\n");
        const auto response = client.response();
        EXPECT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.header("Connection"), "close");
        client.close();
    }
    EXPECT_TRUE(stop.clean());
}

TEST_F(StopTest, WhatWasSentBehindTheLastAnswerIsNotActedUpon) {
    start();
    auto client = connect();
    client.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\nGET /count HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(test::await([&] { return gate.waiting() == 1; }));
    const auto port = server->port();
    Stopping stop(*server);
    ASSERT_TRUE(test::await([&] { return isRefused(port); }));
    gate.open();
    const auto response = client.response();
    EXPECT_EQ(response.body, "passed");
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_THAT(client.rest(), IsEmpty());
    client.close();
    EXPECT_TRUE(stop.clean());
    EXPECT_EQ(counted, 0);
}

TEST_F(StopTest, AnswersWhatIsParkedAtOnce) {
    start();
    std::vector<test::RawClient> waiting;
    for (int i = 0; i < 20; ++i) {
        waiting.push_back(connect());
        waiting.back().get("/park/a");
    }
    ASSERT_TRUE(areParked(20));
    bool clean = false;
    std::jthread stopping([&] { clean = server->stop(); });
    for (auto& client : waiting) {
        const auto response = client.response();
        EXPECT_EQ(response.body, "nothing");
        EXPECT_EQ(response.header("Connection"), "close");
        EXPECT_THAT(client.rest(), IsEmpty());
        client.close();
    }
    stopping.join();
    EXPECT_TRUE(clean);
    for (auto& [name, handle] : parked())
        EXPECT_FALSE(handle.claim());
}

TEST_F(StopTest, FinishesWhatIsUnderWay) {
    start();
    auto idle = connect();
    EXPECT_EQ(idle.ask("/ok").body, "ok");
    auto client = connect();
    client.get("/gate");
    ASSERT_TRUE(test::await([&] { return gate.waiting() == 1; }));
    const auto port = server->port();
    bool clean = false;
    std::jthread stopping([&] { clean = server->stop(); });
    EXPECT_THAT(idle.rest(), IsEmpty());
    EXPECT_TRUE(test::await([&] { return isRefused(port); }));
    gate.open();
    const auto response = client.response();
    EXPECT_EQ(response.body, "passed");
    EXPECT_EQ(response.header("Connection"), "close");
    client.close();
    stopping.join();
    EXPECT_TRUE(clean);
}

} // namespace
} // namespace core::http
