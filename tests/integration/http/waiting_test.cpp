#include <fstream>
#include <thread>

#include <netinet/tcp.h>
#include <pthread.h>
#include <unistd.h>

#include "integration/http/server_fixture.h"

namespace core::http {
namespace {

using testing::IsEmpty;

TEST_F(ServerTest, HalfSentRequestsDelayNobody) {
    options.headTimeout = 60s;
    start();
    const auto before = threads();
    std::vector<test::RawClient> slow;
    for (int i = 0; i < 150; ++i) {
        slow.push_back(connect());
        slow.back().send(i % 2 == 0 ? "GET /ok HTTP/1.1\r\nHo"
                                    : "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    }
    ASSERT_TRUE(test::await([&] { return server->stats().open == 150; }));
    EXPECT_EQ(threads(), before);
    auto client = connect();
    client.patience = 5s;
    EXPECT_EQ(client.ask("/ok").body, "ok");
    slow[0].send("st: h\r\n\r\n");
    EXPECT_EQ(slow[0].response().body, "ok");
    slow[1].send("llo");
    EXPECT_EQ(slow[1].response().body, "hello");
}

TEST_F(ServerTest, WhereTheFirstHasWaitedTooLongNobodyIsLetInToWait) {
    options.maxQueueWait = 50ms;
    start();
    std::vector<test::RawClient> waiting;
    for (std::size_t i = 0; i <= options.fastWorkers; ++i) {
        waiting.push_back(connect());
        waiting.back().get("/gate");
    }
    ASSERT_TRUE(test::await([&] { return server->pools().at(0).oldest > options.maxQueueWait; }));
    auto late = connect();
    const auto refused = late.ask("/ok");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("Retry-After"), "5");
    EXPECT_EQ(server->stats().overloaded, 1U);
    gate.open();
    for (auto& client : waiting)
        EXPECT_EQ(client.response().status, 200);
    EXPECT_EQ(late.ask("/ok").status, 200);
}

TEST_F(ServerTest, AProbeIsAnsweredWhileEveryOtherThreadWaits) {
    add("GET", "/live", [](Request&) -> Outcome { return Response::text("alive", "text/plain"); }).executor =
        Executor::probe;
    start();
    std::vector<test::RawClient> waiting;
    for (std::size_t i = 0; i < options.fastWorkers + options.blockingWorkers; ++i) {
        waiting.push_back(connect());
        waiting.back().get(i < options.fastWorkers ? "/gate" : "/gate/blocking");
    }
    ASSERT_TRUE(test::await([&] { return gate.waiting() == static_cast<int>(waiting.size()); }));
    EXPECT_EQ(connect().ask("/live").body, "alive");
    gate.open();
    for (auto& client : waiting)
        EXPECT_EQ(client.response().status, 200);
}

TEST_F(ServerTest, IdleConnectionsHoldNoThreadAndDelayNobody) {
    start();
    const auto before = threads();
    std::vector<test::RawClient> idle;
    for (int i = 0; i < 200; ++i) {
        idle.push_back(connect());
        ASSERT_EQ(idle.back().ask("/ok").body, "ok");
    }
    EXPECT_EQ(server->stats().open, 200U);
    EXPECT_EQ(threads(), before);
    auto client = connect();
    client.patience = 5s;
    EXPECT_EQ(client.ask("/ok").body, "ok");
    for (auto& connection : idle)
        ASSERT_EQ(connection.ask("/ok").body, "ok");
}

TEST_F(ServerTest, IdleConnectionsAreClosedAfterTheirTime) {
    options.headTimeout = 100ms; // a shorter idle time is noticed when this one ends
    options.idleTimeout = 100ms;
    start();
    auto client = connect();
    EXPECT_EQ(client.ask("/ok").header("Connection"), "keep-alive");
    EXPECT_THAT(client.rest(), IsEmpty());
}

TEST_F(ServerTest, ManyParkedRequestsNeedNoThread) {
    start();
    const auto before = threads();
    std::vector<test::RawClient> waiting;
    for (int i = 0; i < 200; ++i) {
        waiting.push_back(connect());
        waiting.back().get("/park/" + std::to_string(i));
    }
    ASSERT_TRUE(areParked(200));
    EXPECT_EQ(threads(), before);
    auto client = connect();
    client.patience = 5s;
    EXPECT_EQ(client.ask("/ok").body, "ok");

    std::jthread([&] {
        for (auto& [name, handle] : parked()) {
            ASSERT_TRUE(handle.claim());
            EXPECT_FALSE(handle.claim());
            handle.answer(Response::text("for " + name, "text/plain"));
        }
    }).join();
    for (int i = 0; i < 200; ++i) {
        auto& one = waiting[static_cast<std::size_t>(i)];
        ASSERT_EQ(one.response().body, "for " + std::to_string(i));
        ASSERT_EQ(one.ask("/ok").body, "ok");
    }
    EXPECT_EQ(server->stats().parked, 0U);
}

TEST_F(ServerTest, AParkedRequestIsAnsweredWhenItsTimeEnds) {
    parkFor = 30ms;
    start();
    auto client = connect();
    EXPECT_EQ(client.ask("/park/a").body, "nothing");
    ASSERT_TRUE(areParked(1));
    ParkedRequest handle = parked().at(0).second;
    EXPECT_TRUE(handle.over());
    EXPECT_FALSE(handle.claim());
    EXPECT_EQ(client.ask("/ok").body, "ok");
}

TEST_F(ServerTest, AParkedRequestEndsWithItsClient) {
    start();
    auto client = connect();
    client.get("/park/a");
    ASSERT_TRUE(areParked(1));
    client.close();
    ParkedRequest handle = parked().at(0).second;
    ASSERT_TRUE(test::await([&] { return handle.over(); }));
    EXPECT_FALSE(handle.claim());
    ASSERT_TRUE(test::await([&] { return server->stats().open == 0; }));
    EXPECT_EQ(server->stats().parked, 0U);
}

TEST_F(ServerTest, AClientMayGoBetweenClaimAndAnswer) {
    start();
    auto client = connect();
    client.get("/park/a");
    ASSERT_TRUE(areParked(1));
    ParkedRequest handle = parked().at(0).second;
    ASSERT_TRUE(handle.claim());
    client.close();
    handle.answer(Response::text("late", "text/plain"));
    ASSERT_TRUE(test::await([&] { return server->stats().open == 0; }));
    EXPECT_EQ(connect().ask("/ok").body, "ok");
}

TEST_F(ServerTest, ASlowHeadAndASlowBodyTimeOut) {
    options.headTimeout = 100ms;
    options.bodyTimeout = 100ms;
    start();
    for (const char* text :
         {"GET /ok HTTP/1.1\r\nHost", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe",
          "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"}) {
        auto client = connect();
        client.send(text);
        const auto response = client.response();
        EXPECT_EQ(response.status, 408) << text;
        EXPECT_THAT(client.rest(), IsEmpty());
    }
    EXPECT_EQ(counted, 0);
    EXPECT_THAT(connect().rest(), IsEmpty()); // who says nothing is not answered
}

TEST_F(ServerTest, ASlowReaderHoldsNoWorker) {
    options.fastWorkers = 1;
    start();
    auto slow = connect(4096);
    slow.get("/big");
    ASSERT_TRUE(test::await([&] { return server->stats().requests == 1; }));
    auto client = connect();
    client.patience = 5s;
    EXPECT_EQ(client.ask("/ok").body, "ok");
    EXPECT_EQ(slow.response().body, *big);
    EXPECT_EQ(slow.ask("/ok").body, "ok");
}

TEST_F(ServerTest, SlowReadersOfOneFileHoldNoCopies) {
    const auto residentMiB = [] {
        std::ifstream statm("/proc/self/statm");
        std::size_t total = 0, resident = 0;
        statm >> total >> resident;
        return (resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) >> 20U;
    };
    start();
    const auto before = residentMiB();
    std::vector<test::RawClient> slow;
    for (int i = 0; i < 40; ++i) {
        slow.push_back(connect(4096));
        slow.back().get("/big");
    }
    ASSERT_TRUE(test::await([&] { return big.use_count() > 40; }));
    for (const auto& client : slow) // the head has come, so the answer is made
        ASSERT_TRUE(test::await([&] { return client.arrived(); }));
    EXPECT_LT(residentMiB() - before, 40 * 32 / 4U);
    while (slow.size() > 1)
        slow.pop_back();
    EXPECT_EQ(slow.front().response().body, *big);
    EXPECT_TRUE(test::await([&] { return big.use_count() == 1; })) << "nobody holds it any more";
    EXPECT_EQ(slow.front().ask("/ok").body, "ok");
}

TEST_F(ServerTest, AReaderThatTakesNothingIsDropped) {
    options.writeTimeout = 100ms;
    start();
    auto client = connect(4096);
    client.get("/big");
    ASSERT_TRUE(test::await([&] { return server->stats().requests == 1; }));
    EXPECT_TRUE(test::await([&] { return server->stats().open == 0; }));
    // The same if it has ended its own side, which the kernel reports again and again.
    auto halfClosed = connect(4096);
    halfClosed.get("/big");
    halfClosed.endSending();
    ASSERT_TRUE(test::await([&] { return server->stats().requests == 2; }));
    EXPECT_TRUE(test::await([&] { return server->stats().open == 0; }, 5s));
}

TEST_F(ServerTest, AReaderThatTakesAFewBytesAtATimeIsDropped) {
    class Sipper : public test::RawClient {
    public:
        explicit Sipper(std::uint16_t port) {
            // Small segments make for a small buffer on the server's side, which soon has room again.
            const int segment = 536, buffer = 4096;
            ::setsockopt(descriptor(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
            ::setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
            connectTo(port);
        }
        void sip() {
            char block[1024];
            read(block, sizeof block);
        }
    };
    options.writeTimeout = 200ms;
    start();
    Sipper client(server->port());
    client.get("/big");
    EXPECT_TRUE(test::await([&] {
        client.sip();
        return server->stats().lateReaders == 1;
    }));
    EXPECT_TRUE(test::await([&] { return server->stats().open == 0; }));
}

TEST_F(ServerTest, AClientThatHasEndedItsSideGetsItsWholeAnswer) {
    start();
    auto client = connect(4096);
    client.get("/big");
    client.endSending();
    EXPECT_EQ(client.response().body, *big);
    EXPECT_THAT(client.rest(), IsEmpty());
}

/// While it lives, new threads have a stack of that size.
class [[maybe_unused]] StackSize {
public:
    explicit StackSize(std::size_t bytes) {
        ::pthread_getattr_default_np(&before_);
        pthread_attr_t small;
        ::pthread_attr_init(&small);
        ::pthread_attr_setstacksize(&small, bytes);
        ::pthread_setattr_default_np(&small);
        ::pthread_attr_destroy(&small);
    }
    ~StackSize() {
        ::pthread_setattr_default_np(&before_);
        ::pthread_attr_destroy(&before_);
    }
    StackSize(const StackSize&) = delete;
    StackSize& operator=(const StackSize&) = delete;

private:
    pthread_attr_t before_{};
};

TEST_F(ServerTest, ABusyServerTurnsAwayAnyNumberOfPipelinedRequests) {
#if !defined(__SANITIZE_THREAD__)                 // whose threads need more than that to begin with
    const StackSize small(std::size_t{1} << 19U); // the stack must not grow with their number
#endif
    options.fastWorkers = 1;
    options.maxQueueWait = 10ms;
    HeldLoop loop(options);
    start();
    auto busy = connect(), queued = connect(), client = connect();
    busy.get("/gate");
    ASSERT_TRUE(test::await([&] { return gate.waiting() == 1; }));
    queued.get("/ok");
    ASSERT_TRUE(test::await([&] { return server->pools().at(0).oldest > options.maxQueueWait; }));
    // They arrive at once.
    loop.hold();
    constexpr int kRequests = 20000;
    std::atomic<bool> sent{false};
    std::jthread sender([&] {
        std::string many;
        for (int i = 0; i < kRequests; ++i)
            many += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        client.send(many);
        sent = true;
    });
    // All that there is room for.
    int unsent = 0;
    ASSERT_TRUE(test::await([&] {
        const auto before = std::exchange(unsent, client.unsent());
        return sent || (unsent > 0 && unsent == before);
    }));
    loop.letGo();
    for (int i = 0; i < kRequests; ++i)
        ASSERT_EQ(client.response().status, 503) << i;
    EXPECT_EQ(server->stats().overloaded, static_cast<std::uint64_t>(kRequests));
    gate.open();
    EXPECT_EQ(queued.response().body, "ok");
    EXPECT_EQ(client.ask("/ok").body, "ok");
}

TEST_F(ServerTest, BlockingWorkDoesNotHoldTheFastWorkers) {
    options.fastWorkers = 1;
    options.blockingWorkers = 1;
    start();
    auto blocked = connect();
    blocked.get("/gate/blocking");
    ASSERT_TRUE(test::await([&] { return gate.waiting() == 1; }));
    EXPECT_EQ(connect().ask("/ok").body, "ok");
    gate.open();
    EXPECT_EQ(blocked.response().body, "passed");
}

TEST_F(ServerTest, WhoHasSentInTimeIsAnsweredHoweverLateTheLoopIs) {
    HeldLoop loop(options);
    options.headTimeout = 300ms;
    start();
    std::vector<test::RawClient> clients; // more than the loop looks at in one go
    for (int i = 0; i < 600; ++i)
        clients.push_back(connect());
    ASSERT_TRUE(test::await([&] { return server->stats().open == 600; }));
    loop.hold();
    const auto sent = std::chrono::steady_clock::now();
    for (auto& client : clients)
        client.get("/ok");
    ASSERT_TRUE(test::await([&] { return std::chrono::steady_clock::now() > sent + 400ms; }));
    loop.letGo();
    for (auto& client : clients)
        EXPECT_EQ(client.response().status, 200);
}

TEST_F(ServerTest, ABusyAddressIsSaidSo) {
    start();
    ServerOptions same = options;
    same.addresses = {ListenAddress::parse(server->addresses().front()).value()};
    Server second(same, router, dispatcher, clock, log.logger("second"));
    try {
        second.start();
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("another program listens there"));
    }
}

} // namespace
} // namespace core::http
