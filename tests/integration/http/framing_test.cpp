#include "integration/http/server_fixture.h"

namespace core::http {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kSmuggled = "GET /count HTTP/1.1\r\nHost: h\r\n\r\n";

std::string withLength(const std::string& path, const std::string& body, const std::string& fields = {}) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(ServerTest, TheBodyOfARefusedRequestIsNeverTheNextRequest) {
    start();
    const std::string viewer = "Authorization: Bearer viewer\r\n", admin = "Authorization: Bearer admin\r\n";
    struct Case {
        std::string text;
        int status;
    };
    const Case cases[] = {
        {withLength("/admin", kSmuggled.substr(0, 10)), 401},
        {withLength("/admin", kSmuggled), 401},
        {withLength("/admin", kSmuggled, viewer), 403},
        {withLength("/admin", kSmuggled, admin), 413},
        {withLength("/nowhere", kSmuggled), 404},
        {withLength("/ok", kSmuggled), 405},
        {"POST /echo HTTP/1.1\r\nHost: h\r\n\r\n" + kSmuggled, 200},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" +
             kSmuggled,
         400},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n" + kSmuggled,
         400},
    };
    for (const Case& c : cases) {
        auto client = connect();
        client.send(c.text);
        client.endSending();
        const auto response = client.response();
        EXPECT_EQ(response.status, c.status) << c.text;
        EXPECT_THAT(client.rest(), IsEmpty()) << c.text;
    }
    EXPECT_EQ(counted, 1); // the one without a body, which is whole; never what stood behind it
}

TEST_F(ServerTest, AConnectionGoesOnAfterARefusalWhoseBodyWasRead) {
    start();
    auto client = connect();
    client.send(withLength("/admin", kSmuggled.substr(0, 10)));
    EXPECT_EQ(client.response().status, 401);
    client.send(withLength("/nowhere", kSmuggled));
    EXPECT_EQ(client.response().status, 404);
    EXPECT_EQ(client.ask("/ok").body, "ok");
    EXPECT_EQ(counted, 0);
}

TEST_F(ServerTest, CredentialsAreJudgedBeforeTheBody) {
    start();
    const std::string large(1000, 'x');
    const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + large + "\r\n0\r\n\r\n";
    const auto statusOf = [&](const std::string& text) {
        auto client = connect();
        client.send(text);
        return client.response().status;
    };
    struct Case {
        std::string fields;
        int status;
    };
    for (const Case& c :
         {Case{"", 401}, Case{"Authorization: Bearer no\r\n", 401},
          Case{"Authorization: Bearer viewer\r\n", 403}, Case{"Authorization: Bearer admin\r\n", 413}}) {
        EXPECT_EQ(statusOf(withLength("/admin", large, c.fields)), c.status) << c.fields;
        EXPECT_EQ(statusOf("POST /admin HTTP/1.1\r\nHost: h\r\n" + c.fields + chunked), c.status) << c.fields;
        EXPECT_EQ(statusOf("POST /admin HTTP/1.1\r\nHost: h\r\n" + c.fields + "\r\n"),
                  c.status == 413 ? 200 : c.status);
    }
    EXPECT_EQ(statusOf(withLength("/admin", "0123456789", "Authorization: Bearer admin\r\n")), 200);
    EXPECT_EQ(counted, 2); // this one and the one without a body
}

TEST_F(ServerTest, AnAnnouncedBodyOverTheLimitIsNotWaitedFor) {
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n");
    const auto response = client.response();
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_THAT(response.body, HasSubstr("1000 bytes"));
}

TEST_F(ServerTest, AnswersAnExpectationOnlyIfItWantsTheBody) {
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.response().status, 100);
    client.send("hi");
    EXPECT_EQ(client.response().body, "hi");
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n");
    EXPECT_EQ(client.response().status, 413);
}

TEST_F(ServerTest, ATruncatedBodyNeverReachesTheHandler) {
    start();
    const std::string texts[] = {withLength("/echo", "hello world"),
                                 "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                                 "chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"};
    for (const std::string& text : texts) {
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            auto client = connect();
            client.send(std::string_view(text).substr(0, cut));
            client.endSending();
            const std::string answer = client.rest();
            EXPECT_TRUE(cut == 0 ? answer.empty() : answer.starts_with("HTTP/1.1 400 ")) << cut << answer;
        }
        EXPECT_EQ(counted, 0);
        auto client = connect();
        client.send(text);
        EXPECT_EQ(client.response().body, "hello world");
        counted = 0;
    }
}

TEST_F(ServerTest, ReadsARequestThatArrivesByteByByte) {
    start();
    auto client = connect();
    const std::string text = withLength("/echo", "hello");
    for (const char c : text)
        client.send({&c, 1});
    EXPECT_EQ(client.response().body, "hello");
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
    start();
    auto client = connect();
    client.send("GET /gate/blocking HTTP/1.1\r\nHost: h\r\n\r\n" + withLength("/echo", "second") +
                "GET /ok HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(test::await([&] { return gate.waiting() == 1; }));
    EXPECT_EQ(counted, 0);
    gate.open();
    EXPECT_EQ(client.response().body, "passed");
    EXPECT_EQ(client.response().body, "second");
    EXPECT_EQ(client.response().body, "ok");
}

TEST_F(ServerTest, PipelinedRequestsWaitForAParkedOne) {
    start();
    auto client = connect();
    client.send("GET /park/a HTTP/1.1\r\nHost: h\r\n\r\nGET /count HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(areParked(1));
    ParkedRequest handle = parked()[0].second;
    ASSERT_TRUE(handle.claim());
    EXPECT_EQ(counted, 0);
    handle.answer(Response::text("now", "text/plain"));
    EXPECT_EQ(client.response().body, "now");
    EXPECT_EQ(client.response().body, "counted");
}

TEST_F(ServerTest, APipelinedRequestIsDoneOnceWhateverTheSocketSaysMeanwhile) {
    HeldLoop loop(options);
    start();
    auto client = connect();
    const std::string count = "GET /count HTTP/1.1\r\nHost: h\r\n\r\n";
    client.send("GET /park/a HTTP/1.1\r\nHost: h\r\n\r\nGET /gate HTTP/1.1\r\nHost: h\r\n\r\n" + count +
                count);
    ASSERT_TRUE(areParked(1));
    ParkedRequest handle = parked()[0].second;
    ASSERT_TRUE(handle.claim());
    handle.answer(Response::text("now", "text/plain"));
    ASSERT_TRUE(test::await([&] { return gate.waiting() == 1; }));
    loop.hold();
    // The socket was last watched for the client's end, which comes together with the worker's answer.
    gate.open();
    EXPECT_EQ(client.response().body, "now");
    EXPECT_EQ(client.response().body, "passed");
    client.endSending();
    loop.letGo();
    EXPECT_EQ(client.response().body, "counted");
    EXPECT_EQ(client.response().body, "counted");
    EXPECT_TRUE(client.rest().empty());
    EXPECT_EQ(counted, 2);
}

TEST_F(ServerTest, HeadHasTheHeadOfGetAndNoBody) {
    parkFor = 20ms;
    start();
    auto client = connect();
    for (const auto& [path, length] : {std::pair{"/ok", "2"}, {"/park/a", "7"}}) {
        client.send("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        const auto head = client.response(true);
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.header("Content-Length"), length);
        EXPECT_EQ(client.ask("/ok").body, "ok"); // where a body would have been read as the next answer
    }
    EXPECT_EQ(client.ask("/nowhere").status, 404);
    client.send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto refused = client.response(true);
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.header("Allow"), "POST");
    EXPECT_EQ(client.ask("/ok").body, "ok");
}

TEST_F(ServerTest, EncodedWordsInHeadersAreNotDecoded) {
    start();
    auto client = connect();
    const auto response = client.ask("/x", "X: =?utf-8?q?a=0D=0AEvil:b=00?=\r\n");
    EXPECT_EQ(response.body, "=?utf-8?q?a=0D=0AEvil:b=00?=");
}

TEST_F(ServerTest, HonoursTheConnectionThatTheClientWants) {
    start();
    auto closing = connect();
    closing.get("/ok", "Connection: close\r\n");
    EXPECT_EQ(closing.response().header("Connection"), "close");
    EXPECT_THAT(closing.rest(), IsEmpty());
    auto old = connect();
    old.send("GET /ok HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.response().body, "ok");
    EXPECT_THAT(old.rest(), IsEmpty());
}

TEST_F(ServerTest, RefusesMalformedHeadsAndCloses) {
    start();
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + kSmuggled);
    const auto response = client.response();
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("MalformedRequest"));
    EXPECT_THAT(client.rest(), IsEmpty());
    EXPECT_EQ(counted, 0);
    EXPECT_EQ(server->stats().refused, 1U);
}

TEST_F(ServerTest, WhatAHandlerThrowsBecomesAnAnswerAndTheConnectionGoesOn) {
    start();
    auto client = connect();
    for (const char* path : {"/throws/std", "/throws/int"}) {
        const auto response = client.ask(path);
        EXPECT_EQ(response.status, 500) << path;
        EXPECT_EQ(response.header("Content-Type"), "application/json");
        const auto id = response.header("X-Request-Id");
        EXPECT_EQ(id.size(), 36U);
        EXPECT_THAT(response.body, HasSubstr("InternalError"));
        EXPECT_THAT(response.body, HasSubstr(id));
        EXPECT_THAT(response.body, Not(HasSubstr("inner matter")));
        EXPECT_THAT(log.text(), HasSubstr(id));
    }
    EXPECT_THAT(log.text(), HasSubstr("inner matter"));
    const auto conflict = client.ask("/throws/error");
    EXPECT_EQ(conflict.status, 409);
    EXPECT_THAT(conflict.body, Not(HasSubstr("inner matter")));
    EXPECT_EQ(client.ask("/ok").body, "ok");
}

} // namespace
} // namespace core::http
