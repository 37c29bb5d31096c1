#include <optional>

#include "core/testing/temp_dir.h"
#include "integration/http/server_fixture.h"
#include "support/certificates.h"
#include "support/tls_client.h"
#include "support/web_socket_client.h"

namespace core::http {
namespace {

using test::closePayload;
using test::Frame;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Client = test::WebSocketClient<>;

/// A server whose routes /ws… say what they are told, and keep what happens to them.
class WebSocketTest : public ServerTest {
protected:
    WebSocketTest() {
        route("/ws");
        route("/ws/blocking").executor = Executor::blocking;
        Route& small = route("/ws/small");
        small.webSocket = WebSocketLimits{100, 1000, {"b", "a"}};
        Route& guarded = route("/ws/admin");
        guarded.permission = Permission::role("test.admin", Role::admin);
        Route& refusing = route("/ws/no");
        refusing.handler = [](Request&) -> Outcome { throw Error(errors::kNotFound, "No such topic."); };
        add("GET", "/undeclared", [](Request&) -> Outcome { return Upgrade{}; });
    }
    ~WebSocketTest() override { // what the routes write to is gone with it
        gate.open();
        server.reset();
    }

    Route& route(const std::string& path) {
        Route& made = add("GET", path, [this, path](Request&) -> Outcome {
            return Upgrade{[this](const WebSocket& socket) {
                               note("opened");
                               const std::lock_guard lock(mutex);
                               sockets.push_back(socket);
                           },
                           [this](const WebSocket& socket, WebSocketMessage message) {
                               if (message.data == "wait")
                                   gate.pass();
                               if (message.data == "throw")
                                   throw std::runtime_error("inner matter");
                               note(message.text ? message.data : "bytes " + message.data);
                               static_cast<void>(socket.send(std::move(message)));
                           },
                           [this](const WebSocketEnd& end) {
                               note("closed " + std::to_string(end.code) + " " + end.reason);
                           }};
        });
        made.webSocket = WebSocketLimits{};
        return made;
    }
    void note(std::string event) {
        const std::lock_guard lock(mutex);
        events.push_back(std::move(event));
    }
    std::vector<std::string> seen() {
        const std::lock_guard lock(mutex);
        return events;
    }
    bool awaitEvent(const std::string& event) {
        return test::await([&] {
            const auto all = seen();
            return std::find(all.begin(), all.end(), event) != all.end();
        });
    }
    WebSocket socket() {
        EXPECT_TRUE(test::await([&] {
            const std::lock_guard lock(mutex);
            return !sockets.empty();
        }));
        const std::lock_guard lock(mutex);
        return sockets.at(0);
    }
    Client open(const std::string& path = "/ws") {
        Client client(server->port());
        EXPECT_EQ(client.open(path).status, 101);
        return client;
    }

    std::vector<std::string> events;
    std::vector<WebSocket> sockets;
};

TEST_F(WebSocketTest, AHandshakeIsAnsweredAsTheRfcHasIt) {
    start();
    Client client(server->port());
    const auto answer = client.open("/ws", "Sec-WebSocket-Protocol: a\r\n");
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(answer.header("Upgrade"), "websocket");
    EXPECT_EQ(answer.header("Connection"), "Upgrade");
    EXPECT_EQ(answer.header("Sec-WebSocket-Protocol"), "") << "this route knows none";
    EXPECT_EQ(server->stats().webSockets, 1U);

    Client chosen(server->port());
    EXPECT_EQ(chosen.open("/ws/small", "Sec-WebSocket-Protocol: z, a\r\nSec-WebSocket-Protocol: b\r\n")
                  .header("Sec-WebSocket-Protocol"),
              "b");
    Client none(server->port());
    EXPECT_EQ(none.open("/ws/small", "Sec-WebSocket-Protocol: B\r\n").header("Sec-WebSocket-Protocol"), "");
}

TEST_F(WebSocketTest, WhatIsNoHandshakeIsRefusedBeforeTheHandlerRuns) {
    start();
    const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n",
                      version = "Sec-WebSocket-Version: 13\r\n",
                      key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const std::pair<std::string, int> cases[] = {
        {"", 426},
        {"Connection: Upgrade\r\nUpgrade: h2c\r\n" + version + key, 426},
        {"Upgrade: websocket\r\n" + version + key, 426},
        {upgrade + key, 426},
        {upgrade + "Sec-WebSocket-Version: 8\r\n" + key, 426},
        {upgrade + version, 400},
        {upgrade + version + "Sec-WebSocket-Key: c2hvcnQ=\r\n", 400},
        {upgrade + version + "Sec-WebSocket-Key: not base64, at all!\r\n", 400},
        {upgrade + version + key + "Content-Length: 2\r\n", 400},
        {upgrade + version + key + "Origin: http://elsewhere.example\r\n", 403},
        {upgrade + version + key + "Origin: null\r\n", 403},
    };
    for (const auto& [fields, status] : cases) {
        auto client = connect();
        client.get("/ws", fields);
        if (fields.find("Content-Length") != std::string::npos)
            client.send("ab");
        const auto answer = client.response();
        EXPECT_EQ(answer.status, status) << fields;
        if (status == 426) {
            EXPECT_EQ(answer.header("Sec-WebSocket-Version"), "13") << fields;
        }
        EXPECT_EQ(client.ask("/ok").body, "ok") << "the connection goes on as HTTP";
    }
    auto old = connect();
    old.send("GET /ws HTTP/1.0\r\nHost: h\r\n" + upgrade + version + key + "\r\n");
    EXPECT_EQ(old.response().status, 426) << "HTTP/1.0 knows no upgrade";
    EXPECT_EQ(Client(server->port()).open("/ws/no").status, 404);
    EXPECT_EQ(Client(server->port()).open("/ws/admin").status, 401);
    EXPECT_EQ(Client(server->port()).open("/ws/admin", "Authorization: Bearer viewer\r\n").status, 403);
    EXPECT_EQ(Client(server->port()).open("/ws/admin", "Authorization: Bearer admin\r\n").status, 101);
    EXPECT_EQ(Client(server->port()).open("/ws", "Origin: http://h\r\n").status, 101) << "its own page";
    EXPECT_EQ(connect().ask("/undeclared").status, 500);
}

TEST_F(WebSocketTest, MessagesComeWholeInOrderAndOneAtATime) {
    start();
    auto client = open();
    client.sendText("one");
    EXPECT_EQ(client.nextText(), "one");
    client.send(Frame{.opcode = Frame::binary, .payload = std::string("\0\xff", 2)});
    const Frame bytes = client.next();
    EXPECT_EQ(bytes.opcode, Frame::binary);
    EXPECT_EQ(bytes.payload, std::string("\0\xff", 2));
    EXPECT_FALSE(bytes.masked);

    // In fragments, with a ping in between, one byte at a time.
    const std::string pieces =
        Frame{.payload = "fr\xc3", .last = false}.bytes() +
        Frame{.opcode = Frame::ping, .payload = "there?"}.bytes() +
        Frame{.opcode = Frame::continuation, .payload = "\xa4g", .last = false}.bytes() +
        Frame{.opcode = Frame::continuation, .payload = "ment"}.bytes();
    for (const char byte : pieces)
        client.send(std::string_view(&byte, 1));
    const Frame pong = client.next();
    EXPECT_EQ(pong.opcode, Frame::pong);
    EXPECT_EQ(pong.payload, "there?");
    EXPECT_EQ(client.nextText(), "fr\xc3\xa4gment");

    std::string many;
    for (int i = 0; i < 500; ++i)
        many += Frame{.payload = "m" + std::to_string(i)}.bytes();
    client.send(many);
    for (int i = 0; i < 500; ++i)
        ASSERT_EQ(client.nextText(), "m" + std::to_string(i));
    client.sendText("");
    EXPECT_EQ(client.nextText(), "");
    const auto stats = server->stats();
    EXPECT_EQ(stats.webSocketsIn, 504U);
    EXPECT_EQ(stats.webSocketsOut, 504U);
}

TEST_F(WebSocketTest, FramesThatComeWithTheHandshakeAreNotLost) {
    start();
    Client client(server->port());
    client.send("GET /ws HTTP/1.1\r\nHost: h\r\n" + std::string(test::kWebSocketHandshake) + "\r\n" +
                Frame{.payload = "early"}.bytes());
    EXPECT_EQ(client.response().status, 101);
    EXPECT_EQ(client.nextText(), "early");
}

TEST_F(WebSocketTest, TheClosingHandshakeIsAnsweredAndTheModuleTold) {
    start();
    auto client = open();
    client.sendText("last");
    client.send(Frame{.opcode = Frame::close, .payload = closePayload(4001, "enough")});
    EXPECT_EQ(client.nextText(), "last");
    const Frame close = client.next();
    EXPECT_EQ(close.opcode, Frame::close);
    EXPECT_EQ(close.code(), 4001);
    EXPECT_THAT(client.rest(), IsEmpty());
    ASSERT_TRUE(awaitEvent("closed 4001 enough"));
    EXPECT_THAT(seen(), ElementsAre("opened", "last", "closed 4001 enough"));
    EXPECT_EQ(socket().send({"too late"}), WebSocket::Sent::closed);
    EXPECT_FALSE(socket().open());
    client.close();
    EXPECT_TRUE(test::await([&] { return server->stats().open == 0; }));
    EXPECT_EQ(server->stats().webSockets, 0U);
}

TEST_F(WebSocketTest, AClientThatGoesAwayIsNoticed) {
    start();
    auto client = open();
    client.sendText("x");
    EXPECT_EQ(client.nextText(), "x");
    client.close();
    EXPECT_TRUE(awaitEvent("closed 1006 "));
    auto silent = open();
    silent.send(Frame{.opcode = Frame::close});
    EXPECT_EQ(silent.next().code(), 1005);
    EXPECT_TRUE(awaitEvent("closed 1005 "));
}

TEST_F(WebSocketTest, TheModuleClosesAfterWhatItHasSent) {
    start();
    auto client = open();
    const auto own = socket();
    EXPECT_EQ(own.send({"first"}), WebSocket::Sent::queued);
    own.close({1000, std::string(200, 'r')});
    EXPECT_EQ(own.send({"second"}), WebSocket::Sent::closed);
    EXPECT_EQ(client.nextText(), "first");
    const Frame close = client.next();
    EXPECT_EQ(close.code(), 1000);
    EXPECT_EQ(close.payload.size(), 125U);
    client.sendText("on its way"); // crosses the close
    client.send(Frame{.opcode = Frame::close, .payload = closePayload(1000)});
    EXPECT_THAT(client.rest(), IsEmpty());
    ASSERT_TRUE(awaitEvent("closed 1000 "));
    EXPECT_THAT(seen(), ElementsAre("opened", "on its way", "closed 1000 "));
}

TEST_F(WebSocketTest, AClientThatDoesNotAnswerACloseIsCutOff) {
    options.webSocketCloseTimeout = 50ms;
    start();
    auto client = open();
    socket().close({1000, "done"});
    EXPECT_EQ(client.next().opcode, Frame::close);
    EXPECT_THAT(client.rest(), IsEmpty());
    EXPECT_TRUE(awaitEvent("closed 1000 done"));
}

TEST_F(WebSocketTest, WhatBreaksTheProtocolEndsTheSocketWithItsCode) {
    start();
    const std::string large(70000, 'x');
    const std::pair<std::string, int> cases[] = {
        {Frame{.payload = "x", .masked = false}.bytes(), 1002},
        {Frame{.payload = "x", .reserved = 0x40}.bytes(), 1002},
        {Frame{.opcode = 3, .payload = "x"}.bytes(), 1002},
        {Frame{.opcode = 11}.bytes(), 1002},
        {Frame{.opcode = Frame::continuation, .payload = "x"}.bytes(), 1002},
        {Frame{.payload = "x", .last = false}.bytes() + Frame{.payload = "y"}.bytes(), 1002},
        {Frame{.opcode = Frame::ping, .payload = "x", .last = false}.bytes(), 1002},
        {Frame{.opcode = Frame::ping, .payload = std::string(126, 'x')}.bytes(), 1002},
        {std::string("\x81\xfe\x00\x05", 4) + std::string(9, 'x'), 1002}, // a length in a longer form
        {std::string("\x82\xff\x80\0\0\0\0\0\0\0mask", 14), 1002},        // more than 2^63
        {Frame{.opcode = Frame::close, .payload = "x"}.bytes(), 1002},
        {Frame{.opcode = Frame::close, .payload = closePayload(1006)}.bytes(), 1002},
        {Frame{.opcode = Frame::close, .payload = closePayload(999)}.bytes(), 1002},
        {Frame{.payload = "\xff"}.bytes(), 1007},
        {Frame{.payload = "\xc3"}.bytes(), 1007},
        {Frame{.payload = large}.bytes(), 1009},
        {Frame{.opcode = Frame::binary}.head(std::uint64_t{1} << 31U) + "mask" + "x", 1009},
        {Frame{.payload = large.substr(0, 40000), .last = false}.bytes() +
             Frame{.opcode = Frame::continuation, .payload = large.substr(0, 30000)}.bytes(),
         1009},
    };
    for (const auto& [bytes, code] : cases) {
        auto client = open();
        client.sendText("good");
        EXPECT_EQ(client.nextText(), "good");
        client.send(bytes);
        const Frame close = client.next();
        EXPECT_EQ(close.opcode, Frame::close);
        if (close.code() != 1005) {
            EXPECT_EQ(close.code(), code) << testing::PrintToString(bytes.substr(0, 14));
        } else { // libwslay says no code where the frame itself cannot be read
            EXPECT_EQ(code, 1002) << testing::PrintToString(bytes.substr(0, 14));
        }
        client.patience = 1s;
        EXPECT_THAT(client.rest(), IsEmpty());
    }
    EXPECT_TRUE(test::await([&] { return server->stats().webSockets == 0; }));
    for (const auto& event : seen())
        EXPECT_TRUE(event == "good" || event == "opened" || event.starts_with("closed 10")) << event;
}

TEST_F(WebSocketTest, RoutesHaveSmallerLimits) {
    start();
    auto client = open("/ws/small");
    client.sendText(std::string(100, 'x'));
    EXPECT_EQ(client.nextText().size(), 100U);
    client.sendText(std::string(101, 'x'));
    EXPECT_EQ(client.next().code(), 1009);
}

TEST_F(WebSocketTest, TheHostsLimitsHoldForEveryRoute) {
    options.maxWebSocketFrame = 10;
    options.maxWebSocketMessage = 15;
    options.maxWebSockets = 1;
    start();
    auto client = open();
    client.send(Frame{.payload = "0123456789", .last = false});
    client.send(Frame{.opcode = Frame::continuation, .payload = "01234"});
    EXPECT_EQ(client.nextText(), "012345678901234");
    Client second(server->port());
    EXPECT_EQ(second.open("/ws").status, 503);
    EXPECT_EQ(server->stats().rejectedWebSockets, 1U);
    client.sendText("0123456789a");
    EXPECT_EQ(client.next().code(), 1009);
    client.close();
    ASSERT_TRUE(test::await([&] { return server->stats().webSockets == 0; }));
    EXPECT_EQ(second.open("/ws").status, 101) << "on the same connection";
}

TEST_F(WebSocketTest, ASlowClientFillsItsQueueAndNothingElse) {
    start();
    Client client(server->port(), 4096);
    EXPECT_EQ(client.open("/ws").status, 101);
    const auto own = socket();
    const std::string block(10000, 'b');
    int queued = 0;
    // The kernel's buffers take some MiB first.
    while (own.send({block}) == WebSocket::Sent::queued && queued < 10000)
        ++queued;
    ASSERT_LT(queued, 10000);
    EXPECT_EQ(own.send({block}), WebSocket::Sent::full);
    EXPECT_TRUE(own.open());
    EXPECT_EQ(connect().ask("/ok").body, "ok");
    for (int i = 0; i < queued; ++i)
        ASSERT_EQ(client.nextText().size(), block.size()) << i;
    EXPECT_TRUE(test::await([&] { return own.send({"again"}) == WebSocket::Sent::queued; }));
    EXPECT_EQ(client.nextText(), "again");
}

TEST_F(WebSocketTest, WhoseMessagesNobodyHasTimeForIsNotReadFrom) {
    options.blockingWorkers = 1;
    start();
    auto client = open("/ws/blocking");
    client.sendText("wait");
    ASSERT_TRUE(test::await([&] { return gate.waiting() == 1; }));
    // What the host takes of it is its limit for one message and what was read at once, not all of it.
    const std::string frame = Frame{.payload = std::string(1000, 'x')}.bytes();
    std::size_t sent = 0;
    while (sent < (64U << 20U) && client.trySend(frame, 200ms))
        sent += frame.size();
    EXPECT_LT(sent, 64U << 20U);
    EXPECT_LT(server->stats().webSocketsIn * 1000, 1U << 20U);
    gate.open();
    EXPECT_EQ(client.nextText(), "wait");
    EXPECT_EQ(client.nextText().size(), 1000U) << "and then it is read from";
}

TEST_F(WebSocketTest, AFunctionThatThrowsEndsItsSocketOnly) {
    start();
    auto client = open(), other = open();
    client.sendText("throw");
    const Frame close = client.next();
    EXPECT_EQ(close.code(), 1011);
    EXPECT_EQ(close.payload.find("inner"), std::string::npos);
    EXPECT_THAT(log.text(), HasSubstr("inner matter"));
    other.sendText("still here");
    EXPECT_EQ(other.nextText(), "still here");
}

TEST_F(WebSocketTest, ASilentClientIsAskedAndGivenUp) {
    options.webSocketPing = 100ms;
    start();
    auto client = open(), dead = open();
    for (int i = 0; i < 5; ++i) {
        const Frame ping = client.next();
        ASSERT_EQ(ping.opcode, Frame::ping);
        client.send(Frame{.opcode = Frame::pong, .payload = ping.payload});
    }
    EXPECT_EQ(dead.next().opcode, Frame::ping);
    EXPECT_THAT(dead.rest(), IsEmpty());
    EXPECT_TRUE(awaitEvent("closed 1006 "));
    client.sendText("alive");
    for (Frame frame = client.next();; frame = client.next())
        if (frame.opcode == Frame::text) {
            EXPECT_EQ(frame.payload, "alive");
            break;
        }
}

TEST_F(WebSocketTest, ManyNeedNoThread) {
    start();
    const auto before = threads();
    std::vector<Client> clients;
    clients.reserve(300);
    for (int i = 0; i < 300; ++i)
        clients.push_back(open());
    EXPECT_EQ(threads(), before);
    EXPECT_EQ(server->stats().webSockets, 300U);
    ASSERT_TRUE(test::await([&] {
        const std::lock_guard lock(mutex);
        return sockets.size() == 300;
    }));
    std::jthread([&] {
        for (const auto& one : sockets)
            EXPECT_EQ(one.send({"to all"}), WebSocket::Sent::queued);
    }).join();
    for (auto& client : clients)
        ASSERT_EQ(client.nextText(), "to all");
}

TEST_F(WebSocketTest, ASendsFromManyThreadsAllArrive) {
    start();
    auto client = open();
    const auto own = socket();
    std::vector<std::jthread> senders;
    for (int i = 0; i < 8; ++i)
        senders.emplace_back([&own, i] {
            for (int j = 0; j < 200; ++j)
                while (own.send({std::to_string(i) + " " + std::to_string(j)}) == WebSocket::Sent::full)
                    std::this_thread::yield();
        });
    std::vector<int> next(8, 0);
    for (int i = 0; i < 1600; ++i) {
        const auto text = client.nextText();
        const auto from = static_cast<std::size_t>(text[0] - '0');
        ASSERT_EQ(text, std::to_string(from) + " " + std::to_string(next[from]++));
    }
}

TEST_F(WebSocketTest, AServerThatStopsSaysGoodbye) {
    start();
    auto client = open();
    const auto own = socket();
    EXPECT_EQ(own.send({"before"}), WebSocket::Sent::queued);
    std::jthread stopping([&] { EXPECT_TRUE(server->stop()); });
    EXPECT_EQ(client.nextText(), "before");
    EXPECT_EQ(client.next().code(), 1001);
    client.send(Frame{.opcode = Frame::close, .payload = closePayload(1001)});
    EXPECT_THAT(client.rest(), IsEmpty());
    client.close();
    stopping.join();
    EXPECT_EQ(seen().back(), "closed 1001 ");
}

TEST_F(WebSocketTest, AServerStopsAlthoughNobodyAnswersItsGoodbye) {
    options.webSocketCloseTimeout = 100ms;
    start();
    auto client = open();
    socket();
    EXPECT_TRUE(server->stop());
    EXPECT_EQ(seen().back(), "closed 1001 The server stops.");
}

TEST_F(WebSocketTest, ThroughTlsItIsTheSame) {
    const testkit::TempDir dir;
    const auto own = test::makeCertificate(dir.path(), "server");
    options.tls = TlsFiles{own.certificate, own.key, {}};
    start();
    test::WebSocketClient<test::TlsClient> client(server->port());
    EXPECT_EQ(client.open("/ws", "Origin: https://h\r\n").status, 101);
    const std::string large(60000, 'x');
    for (int i = 0; i < 20; ++i) {
        client.sendText(large);
        client.sendText("next");
        ASSERT_EQ(client.nextText(), large);
        ASSERT_EQ(client.nextText(), "next");
    }
    test::WebSocketClient<test::TlsClient> plain(server->port());
    EXPECT_EQ(plain.open("/ws", "Origin: http://h\r\n").status, 403) << "a page that came without TLS";
}

} // namespace
} // namespace core::http
