// Who the client is, and how much of the server one may have.
#include <sys/resource.h>

#include <algorithm>

#include "core/testing/temp_dir.h"
#include "http/file_descriptor.h"
#include "integration/http/server_fixture.h"
#include "support/certificates.h"
#include "support/tls_client.h"

namespace core::http {
namespace {

using testing::HasSubstr;

class ClientTest : public ServerTest {
protected:
    ClientTest() {
        add("GET", "/who", [](Request& request) -> Outcome {
            return Response::text(request.remoteAddress + (request.secure ? " secure" : ""), "text/plain");
        });
    }
    void trust(const std::vector<std::string>& proxies) {
        options.trustedProxies = AddressSet::parse(proxies).value();
    }
    /// A connection that a proxy on this machine has made for that client.
    test::RawClient through(const std::string& client) {
        auto made = connect();
        made.send("PROXY TCP4 " + client + " 10.0.0.1 40000 443\r\n");
        return made;
    }
};

TEST_F(ClientTest, ForwardedFieldsOfStrangersAreNotRead) {
    start();
    EXPECT_EQ(connect().ask("/who", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n").body,
              "127.0.0.1");
}

TEST_F(ClientTest, ForwardedFieldsOfTrustedProxiesCount) {
    trust({"127.0.0.0/8", "10.0.0.0/8"});
    start();
    auto client = connect();
    EXPECT_EQ(client.ask("/who").body, "127.0.0.1");
    EXPECT_EQ(client.ask("/who", "X-Forwarded-For: 203.0.113.9, 192.0.2.7, 10.1.2.3\r\n").body, "192.0.2.7");
    EXPECT_EQ(client.ask("/who", "X-Forwarded-For: 192.0.2.8\r\nX-Forwarded-Proto: https\r\n").body,
              "192.0.2.8 secure");
    EXPECT_EQ(client.ask("/who", "X-Forwarded-Proto: http\r\n").body, "127.0.0.1");
}

TEST_F(ClientTest, SocketFilesAreTrusted) {
    const core::testkit::TempDir dir;
    const std::string path = (dir / "http.sock").string();
    options.addresses = {ListenAddress::parse("unix:" + path).value()};
    start();
    test::RawClient client(path);
    EXPECT_EQ(client.ask("/who").body, "unix");
    EXPECT_EQ(client.ask("/who", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n").body,
              "192.0.2.7 secure");
}

TEST_F(ClientTest, TheProxyProtocolNamesTheClient) {
    trust({"127.0.0.1"});
    options.proxyProtocol = true;
    start();
    auto text = through("192.0.2.7");
    EXPECT_EQ(text.ask("/who").body, "192.0.2.7");
    // Who is no trusted proxy has no say, even behind one.
    EXPECT_EQ(text.ask("/who", "X-Forwarded-For: 203.0.113.9\r\n").body, "192.0.2.7");

    auto binary = connect();
    binary.send(
        std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x08\x0a\0\0\x01\x9c\x40\x01\xbb", 28) +
        "GET /who HTTP/1.1\r\nHost: h\r\n\r\n"); // in one piece
    EXPECT_EQ(binary.response().body, "192.0.2.8");

    auto own = connect();
    own.send("PROXY UNKNOWN\r\n");
    EXPECT_EQ(own.ask("/who").body, "127.0.0.1");
}

TEST_F(ClientTest, TheProxyHeaderMayArriveByteByByte) {
    trust({"127.0.0.1"});
    options.proxyProtocol = true;
    start();
    auto client = connect();
    for (const char c :
         std::string("PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\nGET /who HTTP/1.1\r\nHost: h\r\n\r\n"))
        client.send(std::string(1, c));
    EXPECT_EQ(client.response().body, "2001:db8::7");
}

TEST_F(ClientTest, WithTheProxyProtocolNothingElseIsTaken) {
    trust({"127.0.0.1"});
    options.proxyProtocol = true;
    start();
    auto bare = connect();
    bare.get("/who");
    EXPECT_EQ(bare.rest(), "");
    test::RawClient stranger(server->port(), 0, "127.0.0.2"); // not in the list
    EXPECT_EQ(stranger.rest(), "");
    EXPECT_TRUE(test::await([&] { return server->stats().rejectedProxies == 2; }));
    EXPECT_EQ(server->stats().requests, 0U);
}

TEST_F(ClientTest, AProxyHeaderThatDoesNotComeEndsTheConnection) {
    trust({"127.0.0.1"});
    options.proxyProtocol = true;
    options.headTimeout = 50ms;
    start();
    auto client = connect();
    client.send("PROXY TC");
    EXPECT_EQ(client.rest(), "");
    EXPECT_TRUE(test::await([&] { return server->stats().rejectedProxies == 1; }));
}

TEST_F(ClientTest, TlsFollowsTheProxyHeader) {
    const core::testkit::TempDir dir;
    const auto own = test::makeCertificate(dir.path(), "own");
    options.tls = TlsFiles{own.certificate, own.key, {}};
    trust({"127.0.0.1"});
    options.proxyProtocol = true;
    start();
    test::TlsClient client(server->port(), {.before = "PROXY TCP4 192.0.2.7 10.0.0.1 40000 443\r\n"});
    EXPECT_EQ(client.ask("/who").body, "192.0.2.7 secure");
}

TEST_F(ClientTest, OneAddressHasALimitedNumberOfConnections) {
    trust({"127.0.0.1"});
    options.proxyProtocol = true;
    options.maxConnectionsPerAddress = 2;
    start();
    auto first = through("192.0.2.7"), second = through("192.0.2.7");
    EXPECT_EQ(first.ask("/ok").body, "ok");
    EXPECT_EQ(second.ask("/ok").body, "ok");
    auto third = through("192.0.2.7");
    const auto refused = third.response();
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.header("Retry-After"), "");
    EXPECT_THAT(refused.body, HasSubstr("Your address has too many connections"));
    EXPECT_EQ(server->stats().rejectedOfAddress, 1U);

    EXPECT_EQ(through("192.0.2.8").ask("/ok").body, "ok");
    first.close();
    ASSERT_TRUE(test::await([&] { return through("192.0.2.7").ask("/ok").status == 200; }));
    EXPECT_EQ(second.ask("/ok").body, "ok");
}

TEST_F(ClientTest, LoopbackHasNoLimitOfItsOwn) {
    options.maxConnectionsPerAddress = 1;
    start();
    auto first = connect(), second = connect();
    EXPECT_EQ(first.ask("/ok").body, "ok");
    EXPECT_EQ(second.ask("/ok").body, "ok");
}

TEST_F(ClientTest, OverTheLimitOfAllAClientIsToldSo) {
    options.maxConnections = 2;
    start();
    auto first = connect(), second = connect();
    EXPECT_EQ(first.ask("/ok").body, "ok");
    EXPECT_EQ(second.ask("/ok").body, "ok");
    auto third = connect();
    const auto refused = third.response();
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.header("Retry-After"), "");
    EXPECT_EQ(third.rest(), "");
    EXPECT_EQ(server->stats().rejected, 1U);
}

TEST_F(ClientTest, WithoutAFreeDescriptorAClientIsTurnedAway) {
    start();
    auto served = connect();
    ASSERT_EQ(served.ask("/ok").body, "ok");
    test::RawClient late;
    // UBSan judges an object of a class that it has not met by means of a pipe, for which nothing will be
    // free.
    log.logger("test").info("no descriptor will be free");
    std::vector<FileDescriptor> taken;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit small = before;
    small.rlim_cur = 256;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
    for (int fd = ::dup(STDERR_FILENO); fd >= 0; fd = ::dup(STDERR_FILENO))
        taken.emplace_back(fd);
    late.connectTo(server->port());
    EXPECT_EQ(late.rest(), "");
    EXPECT_EQ(served.ask("/ok").body, "ok");
    taken.clear();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(server->stats().rejected, 1U);
    EXPECT_EQ(connect().ask("/ok").body, "ok");
    EXPECT_THAT(log.text(), HasSubstr("no descriptor is free"));
}

/// Requests that come slowly, and how much memory they may take together.
class RequestMemoryTest : public ClientTest {
protected:
    RequestMemoryTest() {
        options.maxRequestMemory = 1U << 20U;
        add("POST", "/upload", [](Request& request) -> Outcome {
            return Response::text(std::to_string(request.body.size()), "text/plain");
        }).bodyLimit = 4U << 20U;
        Route& closed = add("POST", "/upload/closed", [](Request&) -> Outcome { return Response::empty(); });
        closed.permission = Permission::role("test.admin", Role::admin);
        closed.bodyLimit = 4U << 20U;
    }
    /// Sends so much of a body of twice as much, and waits until the server has it.
    void begin(const test::RawClient& client, std::size_t bytes, const std::string& path = "/upload") {
        const auto before = server->stats().requestBytes;
        client.send("POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(2 * bytes) +
                    "\r\n\r\n" + std::string(bytes, 'x'));
        EXPECT_TRUE(test::await([&] {
            const auto stats = server->stats();
            return stats.requestBytes == before + bytes || client.arrived();
        }));
    }
};

TEST_F(RequestMemoryTest, OfAllBodiesIsLimited) {
    constexpr std::size_t kHalf = 400U << 10U;
    start();
    auto first = connect(), second = connect(), third = connect();
    begin(first, kHalf);
    begin(second, kHalf);
    EXPECT_EQ(server->stats().requestBytes, 2 * kHalf);
    begin(third, kHalf);
    const auto refused = third.response();
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.header("Retry-After"), "");
    EXPECT_EQ(refused.header("Connection"), "close");
    EXPECT_EQ(server->stats().rejectedForMemory, 1U);
    // Small ones are taken as ever, and nobody without credentials learns anything.
    auto stranger = connect();
    begin(stranger, kHalf, "/upload/closed");
    EXPECT_EQ(stranger.response().status, 401);
    auto small = connect();
    small.send("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n" + std::string(65536, 'x'));
    EXPECT_EQ(small.response().body, "65536");

    first.close();
    ASSERT_TRUE(test::await([&] { return server->stats().requestBytes == kHalf; }));
    second.send(std::string(kHalf, 'x'));
    EXPECT_EQ(second.response().body, std::to_string(2 * kHalf));
    ASSERT_TRUE(test::await([&] { return server->stats().requestBytes == 0; }));
    EXPECT_EQ(second.ask("/ok").body, "ok");
}

TEST_F(RequestMemoryTest, LargeHeadsCountAsWell) {
    options.maxRequestMemory = 100000;
    options.head.maxBytes = 1U << 20U;
    start();
    auto first = connect(), second = connect();
    const auto send = [](const test::RawClient& client, int fields) {
        client.send("GET /ok HTTP/1.1\r\nHost: h\r\n");
        for (int i = 0; i < fields; ++i)
            client.send("X-" + std::to_string(i) + ": " + std::string(8000, 'x') + "\r\n");
    };
    send(first, 10);
    ASSERT_TRUE(test::await([&] { return server->stats().requestBytes > 80000; }));
    send(second, 9);
    EXPECT_EQ(second.response().status, 503);
    EXPECT_EQ(server->stats().rejectedForMemory, 1U);
    EXPECT_EQ(server->stats().refused, 0U);
    first.send("\r\n");
    EXPECT_EQ(first.response().body, "ok");
    ASSERT_TRUE(test::await([&] { return server->stats().requestBytes == 0; }));
}

TEST_F(RequestMemoryTest, InChunksCountAsWell) {
    start();
    auto client = connect();
    client.send("POST /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    try {
        for (int i = 0; i < 30; ++i)
            client.send("10000\r\n" + std::string(65536, 'x') + "\r\n");
    } catch (const std::runtime_error&) { // it has been answered, and the server has closed
    }
    EXPECT_EQ(client.response().status, 503);
    EXPECT_TRUE(test::await([&] { return server->stats().requestBytes == 0; }));
}

TEST_F(ClientTest, OneParkedRequestMoreIsAnsweredAtOnce) {
    options.maxParked = 2;
    start();
    auto first = connect(), second = connect(), third = connect();
    first.get("/park/a");
    second.get("/park/b");
    ASSERT_TRUE(areParked(2));
    const auto refused = third.ask("/park/c");
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.header("Retry-After"), "");
    EXPECT_EQ(parked().size(), 2U) << "its handler does not wait for anything";
    EXPECT_EQ(server->stats().rejectedParks, 1U);
    EXPECT_EQ(third.ask("/ok").body, "ok");

    auto waiting = parked();
    const auto ofFirst = std::ranges::find(waiting, "a", [](const auto& each) { return each.first; });
    ASSERT_NE(ofFirst, waiting.end());
    auto handle = ofFirst->second;
    ASSERT_TRUE(handle.claim());
    handle.answer(Response::text("at last", "text/plain"));
    EXPECT_EQ(first.response().body, "at last");
    third.get("/park/c");
    EXPECT_TRUE(areParked(3));
}

} // namespace
} // namespace core::http
