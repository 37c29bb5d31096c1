// Answers that come after their handlers: for pages of other origins, and in the access log.
#include <sstream>

#include "core/json.h"
#include "integration/http/server_fixture.h"
#include "support/web_socket_client.h"

namespace core::http {
namespace {

constexpr auto kOrigin = "https://monitor.example.org";

class LateAnswerTest : public ServerTest {
protected:
    LateAnswerTest() {
        EdgeOptions edgeOptions;
        edgeOptions.cors = Cors({kOrigin});
        edgeOptions.accessLog = true;
        edge = std::make_unique<Edge>(std::move(edgeOptions), clock, log.logger("http"));
        Route& socket = add("GET", "/ws", [](Request&) -> Outcome { return Upgrade{}; });
        socket.webSocket = WebSocketLimits{};
    }
    /// The lines of the access log, as soon as there are so many.
    std::vector<json::Value> lines(std::size_t count) {
        std::vector<json::Value> found;
        EXPECT_TRUE(test::await([&] {
            found.clear();
            std::istringstream text(log.text());
            for (std::string line; std::getline(text, line);)
                if (auto value = json::parse(line).value();
                    value.stringOr("msg") == "request" || value.stringOr("msg") == "WebSocket ended")
                    found.push_back(std::move(value));
            return found.size() >= count;
        })) << log.text();
        EXPECT_EQ(found.size(), count) << log.text();
        found.resize(count);
        return found;
    }
    ParkedRequest park(test::RawClient& client, const std::string& fields = {}) {
        client.get("/park/a", fields);
        EXPECT_TRUE(areParked(1));
        return parked().at(0).second;
    }
};

TEST_F(LateAnswerTest, APageOfAListedOriginMayReadIt) {
    start();
    auto client = connect();
    auto handle = park(client, std::string("Origin: ") + kOrigin + "\r\n");
    ASSERT_TRUE(handle.claim());
    handle.answer(Response::text("at last", "text/plain"));
    const auto answer = client.response();
    EXPECT_EQ(answer.body, "at last");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), kOrigin);
    EXPECT_EQ(answer.header("Vary"), "Origin");
}

TEST_F(LateAnswerTest, SoItMayWhenTheTimeEnds) {
    parkFor = 30ms;
    start();
    auto client = connect();
    const auto answer = client.ask("/park/a", std::string("Origin: ") + kOrigin + "\r\n");
    EXPECT_EQ(answer.body, "nothing");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), kOrigin);
    EXPECT_EQ(answer.header("Vary"), "Origin");
    const auto elsewhere = client.ask("/park/a", "Origin: https://elsewhere.example\r\n");
    EXPECT_EQ(elsewhere.header("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(elsewhere.header("Vary"), "Origin");
}

TEST_F(LateAnswerTest, SoItMayWhenNobodyElseMayWait) {
    options.maxParked = 0;
    start();
    const auto answer = connect().ask("/park/a", std::string("Origin: ") + kOrigin + "\r\n");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), kOrigin);
}

TEST_F(LateAnswerTest, ALongPollIsOneLineWhenItIsAnswered) {
    start();
    auto client = connect();
    auto handle = park(client);
    EXPECT_TRUE(lines(0).empty()) << "nothing has come of it yet";
    const auto parkedAt = clock.steady();
    ASSERT_TRUE(test::await([&] { return clock.steady() > parkedAt + 20ms; }));
    ASSERT_TRUE(handle.claim());
    handle.answer(Response::text("at last", "text/plain"));
    EXPECT_EQ(client.response().body, "at last");
    const auto line = lines(1).at(0);
    EXPECT_EQ(line.stringOr("path"), "/park/{name}");
    EXPECT_EQ(line.integerOr("status"), 200);
    EXPECT_EQ(line.integerOr("bytes"), 7);
    EXPECT_EQ(line.stringOr("client"), "127.0.0.1");
    EXPECT_GE(line.numberOr("duration_ms"), 20.0);
}

TEST_F(LateAnswerTest, AClientThatLeavesIsALineWithoutAStatus) {
    start();
    auto client = connect();
    park(client);
    client.close();
    const auto line = lines(1).at(0);
    EXPECT_EQ(line.stringOr("path"), "/park/{name}");
    EXPECT_TRUE(line.find("status")->isNull());
}

TEST_F(LateAnswerTest, WhoIsRefusedHasTheLineOfTheRefusal) {
    options.maxParked = 0;
    options.maxWebSockets = 0;
    start();
    EXPECT_EQ(connect().ask("/park/a").status, 503);
    EXPECT_EQ(connect().ask("/ws", test::kWebSocketHandshake).status, 503);
    for (const auto& line : lines(2))
        EXPECT_EQ(line.integerOr("status"), 503);
}

TEST_F(LateAnswerTest, AWebSocketHasALineWhenItBeginsAndOneWhenItEnds) {
    start();
    test::WebSocketClient<> client(server->port());
    ASSERT_EQ(client.open("/ws").status, 101);
    const auto begun = lines(1).at(0);
    EXPECT_EQ(begun.stringOr("msg"), "request");
    EXPECT_EQ(begun.stringOr("path"), "/ws");
    EXPECT_EQ(begun.integerOr("status"), 101);
    client.send({.opcode = test::Frame::close, .payload = test::closePayload(1000)});
    const auto ended = lines(2).at(1);
    EXPECT_EQ(ended.stringOr("msg"), "WebSocket ended");
    EXPECT_EQ(ended.integerOr("code"), 1000);
    EXPECT_EQ(ended.stringOr("request_id"), begun.stringOr("request_id"));
}

} // namespace
} // namespace core::http
