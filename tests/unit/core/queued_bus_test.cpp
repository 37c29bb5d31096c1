#include <atomic>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/fake_clock.h"
#include "core/testing/test_log.h"
#include "event/queued_bus.h"
#include "support/await.h"

namespace core::event {
namespace {

using namespace std::chrono_literals;
using test::await;
using testing::HasSubstr;

struct Happened {
    static constexpr std::string_view kKey = "test.happened";
    int number = 0;
};
const wire::Type& wireType(const Happened*) {
    static const auto type = wire::object<Happened>("Happened").field("number", &Happened::number).build();
    return type;
}

struct QueuedBusTest : testing::Test {
    core::testkit::TestLog log;
    core::testkit::FakeClock clock;
    QueuedBus bus{log.logger("events"), clock};
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int inside = 0;
    int passes = 0;
    std::vector<int> seen;

    ~QueuedBusTest() override { letGo(); }
    /// Lets the handler finish that many events.
    void letPass(int count) {
        const std::lock_guard lock(mutex);
        passes += count;
        changed.notify_all();
    }
    void letGo() {
        const std::lock_guard lock(mutex);
        open = true;
        changed.notify_all();
    }
    /// Keeps the number once the gate is open.
    void waitAndKeep(const Happened& event) {
        std::unique_lock lock(mutex);
        ++inside;
        changed.notify_all();
        changed.wait(lock, [&] { return open || passes > 0; });
        --passes;
        seen.push_back(event.number);
        changed.notify_all();
    }
    bool reached(std::size_t count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, [&] { return seen.size() >= count; });
    }
    bool entered(int count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, [&] { return inside >= count; });
    }
    Subscription subscribe(SubscriberOptions options) {
        return bus.subscribe<Happened>(std::move(options),
                                       [this](const Happened& event) { waitAndKeep(event); });
    }
    SubscriberStats stats() { return bus.stats().at(0); }
};

TEST_F(QueuedBusTest, DeliversInOrderAndOneAtATime) {
    open = true;
    std::atomic<int> running{0};
    std::atomic<bool> overlapped{false};
    const auto subscription = bus.subscribe<Happened>({.name = "s"}, [&](const Happened& event) {
        if (running++ != 0)
            overlapped = true;
        waitAndKeep(event);
        --running;
    });
    for (int i = 0; i < 500; ++i)
        bus.publish(Happened{i});
    ASSERT_TRUE(reached(500));
    EXPECT_FALSE(overlapped);
    for (int i = 0; i < 500; ++i)
        ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
    EXPECT_TRUE(await([&] { return stats().delivered == 500; }));
}

TEST_F(QueuedBusTest, GivesTheFieldsToWhoKnowsOnlyTheKey) {
    std::atomic<int> got{0};
    const auto raw = bus.subscribeRaw("test.happened", {.name = "raw"}, [&](const Bus::Message& message) {
        got = static_cast<int>(message.toJson().integerOr("number"));
    });
    const auto other = bus.subscribeRaw("test.other", {.name = "o"}, [&](const Bus::Message&) { got = -1; });
    bus.publish(Happened{7});
    EXPECT_TRUE(await([&] { return got == 7; }));
}

TEST_F(QueuedBusTest, DropsTheOldestAndCounts) {
    const auto subscription = subscribe({.name = "slow", .queueLimit = 3});
    bus.publish(Happened{0});
    ASSERT_TRUE(entered(1));
    for (int i = 1; i <= 10; ++i)
        bus.publish(Happened{i});
    EXPECT_EQ(stats().dropped, 7U);
    EXPECT_EQ(stats().waiting, 3U);
    letGo();
    ASSERT_TRUE(reached(4));
    EXPECT_THAT(seen, testing::ElementsAre(0, 8, 9, 10));
    EXPECT_THAT(log.text(), HasSubstr("\"subscriber\":\"slow\""));
}

TEST_F(QueuedBusTest, DropsTheNewestAndCounts) {
    const auto subscription = subscribe({.name = "slow", .overflow = Overflow::dropNewest, .queueLimit = 3});
    bus.publish(Happened{0});
    ASSERT_TRUE(entered(1));
    for (int i = 1; i <= 10; ++i)
        bus.publish(Happened{i});
    EXPECT_EQ(stats().dropped, 7U);
    EXPECT_EQ(stats().waiting, 3U);
    letGo();
    ASSERT_TRUE(reached(4));
    EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3));
}

TEST_F(QueuedBusTest, DropsTheOldestAlsoOfThoseThatWereTakenTogether) {
    const auto subscription = subscribe({.name = "slow", .queueLimit = 3});
    bus.publish(Happened{0});
    ASSERT_TRUE(entered(1));
    for (int i = 1; i <= 3; ++i)
        bus.publish(Happened{i});
    letPass(1);
    ASSERT_TRUE(entered(2)); // 1, and 2 and 3 are out of the queue with it
    for (int i = 4; i <= 6; ++i)
        bus.publish(Happened{i});
    EXPECT_EQ(stats().dropped, 2U);
    EXPECT_EQ(stats().waiting, 3U);
    letGo();
    ASSERT_TRUE(reached(5));
    EXPECT_THAT(seen, testing::ElementsAre(0, 1, 4, 5, 6));
}

TEST_F(QueuedBusTest, AQueueStaysWithinItsLimitWhereSubscribersTakeTurns) {
    constexpr int kLimit = 10, kTurns = 20;
    std::atomic<std::uint64_t> most{0};
    std::atomic<int> turns{0};
    QueuedBus one(log.logger("events"), clock, {.threads = 1});
    const auto other = one.subscribeRaw("test.other", {.name = "other"}, [](const Bus::Message&) {});
    const auto subscription =
        one.subscribe<Happened>({.name = "greedy", .queueLimit = kLimit}, [&](const Happened& event) {
            if (turns >= kTurns)
                return;
            // More than is handled, and work for the other, so that this one's turn ends after each event.
            for (int i = 0; i < kLimit; ++i)
                one.publish(Happened{event.number + 1});
            one.publishRaw({"test.other", nullptr, std::make_shared<const json::Value>(json::Object())});
            for (const auto& subscriber : one.stats())
                most = std::max<std::uint64_t>(most, subscriber.waiting);
            ++turns;
        });
    one.publish(Happened{0});
    ASSERT_TRUE(await([&] { return turns >= kTurns; }));
    EXPECT_EQ(most, static_cast<std::uint64_t>(kLimit));
}

TEST_F(QueuedBusTest, ReportsASlowHandlerOnceAMinute) {
    const auto subscription = bus.subscribe<Happened>({.name = "sleepy"}, [&](const Happened& event) {
        clock.advance(std::chrono::milliseconds(event.number));
    });
    const auto lines = [&] {
        std::size_t count = 0;
        const auto text = log.text();
        for (auto at = text.find("handler is slow"); at != std::string::npos;
             at = text.find("handler is slow", at + 1))
            ++count;
        return count;
    };
    std::uint64_t sent = 0;
    const auto call = [&](int takes) {
        bus.publish(Happened{takes});
        bus.publish(Happened{0}); // when it is delivered, the line about the one before is written
        sent += 2;
        ASSERT_TRUE(await([&] { return stats().delivered == sent; }));
    };
    call(1000); // as long as allowed
    EXPECT_EQ(lines(), 0U);
    call(1001);
    EXPECT_EQ(lines(), 1U);
    EXPECT_THAT(log.text(), HasSubstr("\"subscriber\":\"sleepy\""));
    call(1001);
    EXPECT_EQ(lines(), 1U);
    EXPECT_EQ(stats().slow, 2U);
    clock.advance(58s);
    call(1001);
    EXPECT_EQ(lines(), 2U) << log.text();
}

TEST_F(QueuedBusTest, AQueueHasRoomForOneAtLeast) {
    open = true;
    const auto subscription = subscribe({.name = "none", .queueLimit = 0});
    bus.publish(Happened{1});
    EXPECT_TRUE(reached(1));
}

TEST_F(QueuedBusTest, BlocksThePublisherUntilThereIsRoom) {
    const auto subscription =
        subscribe({.name = "b", .overflow = Overflow::block, .queueLimit = 1, .blockFor = 60s});
    bus.publish(Happened{0});
    ASSERT_TRUE(entered(1));
    bus.publish(Happened{1});
    std::atomic<bool> published{false};
    std::jthread publisher([&] {
        bus.publish(Happened{2});
        published = true;
    });
    ASSERT_TRUE(await([&] { return clock.waiting() == 1; }));
    EXPECT_FALSE(published);
    EXPECT_EQ(stats().blocked, 1U);
    letGo();
    publisher.join();
    ASSERT_TRUE(reached(3));
    EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2));
    EXPECT_EQ(stats().dropped, 0U);
}

TEST_F(QueuedBusTest, BlocksNoLongerThanAgreed) {
    const auto subscription =
        subscribe({.name = "b", .overflow = Overflow::block, .queueLimit = 1, .blockFor = 20s});
    bus.publish(Happened{0});
    ASSERT_TRUE(entered(1));
    bus.publish(Happened{1});
    std::jthread publisher([&] { bus.publish(Happened{2}); });
    ASSERT_TRUE(await([&] { return clock.waiting() == 1; }));
    clock.advance(20s);
    publisher.join();
    EXPECT_EQ(stats().dropped, 1U);
    letGo();
    ASSERT_TRUE(reached(2));
    EXPECT_THAT(seen, testing::ElementsAre(0, 2));
}

TEST_F(QueuedBusTest, ContainsAndCountsExceptions) {
    std::atomic<int> calls{0};
    const auto subscription = bus.subscribe<Happened>({.name = "bad"}, [&](const Happened& event) {
        ++calls;
        if (event.number == 0)
            throw std::runtime_error("kaputt");
        if (event.number == 1)
            throw 42;
    });
    for (int i = 0; i < 3; ++i)
        bus.publish(Happened{i});
    EXPECT_TRUE(await([&] { return stats().failed == 2 && stats().delivered == 1; }));
    EXPECT_EQ(calls, 3);
    EXPECT_THAT(log.text(), HasSubstr("kaputt"));
}

TEST_F(QueuedBusTest, UnsubscribingWaitsForTheHandler) {
    std::optional<Subscription> subscription = subscribe({.name = "s"});
    bus.publish(Happened{0});
    bus.publish(Happened{1});
    ASSERT_TRUE(entered(1));
    std::atomic<bool> ended{false};
    std::jthread ending([&] {
        subscription.reset();
        ended = true;
    });
    ASSERT_TRUE(await([&] { return bus.stats().empty(); })); // it has begun
    EXPECT_FALSE(ended);                                     // the handler is inside until it is let go
    letGo();
    ending.join();
    const std::lock_guard lock(mutex);
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(inside)); // nobody was left in the handler
    EXPECT_THAT(seen, testing::ElementsAre(0));               // what waited is not delivered any more
}

TEST_F(QueuedBusTest, AHandlerMayPublishAndEndItself) {
    std::optional<Subscription> subscription;
    std::atomic<int> calls{0};
    std::atomic<bool> ended{false};
    SubscriberOptions tight{.name = "s", .overflow = Overflow::block, .queueLimit = 1, .blockFor = 60s};
    subscription = bus.subscribe<Happened>(tight, [&](const Happened& event) {
        ++calls;
        if (event.number < 5) {
            bus.publish(Happened{event.number + 1});
            bus.publish(Happened{event.number + 1}); // its own queue is full: it must not wait for itself
        } else {
            subscription.reset();
            ended = true;
        }
    });
    bus.publish(Happened{0});
    ASSERT_TRUE(await([&] { return ended.load(); }));
    EXPECT_EQ(calls, 6);
    EXPECT_TRUE(bus.stats().empty());
    bus.publish(Happened{0});
}

TEST_F(QueuedBusTest, StopDeliversWhatWaits) {
    open = true;
    const auto subscription = subscribe({.name = "s"});
    for (int i = 0; i < 100; ++i)
        bus.publish(Happened{i});
    bus.stop(20s);
    EXPECT_EQ(seen.size(), 100U);
    bus.publish(Happened{1});
    EXPECT_EQ(stats().waiting, 0U);
    EXPECT_EQ(bus.refused(), 1U);
}

TEST_F(QueuedBusTest, RefusesEventsWhileItDrains) {
    const auto subscription = subscribe({.name = "s"});
    bus.publish(Happened{0});
    bus.publish(Happened{1});
    ASSERT_TRUE(entered(1));
    std::jthread stopping([&] { bus.stop(20s); });
    ASSERT_TRUE(await([&] { return clock.waiting() == 1; })); // it drains
    bus.publish(Happened{2});
    EXPECT_EQ(bus.refused(), 1U);
    EXPECT_EQ(stats().waiting, 1U);
    letGo();
    stopping.join();
    EXPECT_THAT(seen, testing::ElementsAre(0, 1));
    EXPECT_THAT(log.text(), HasSubstr("events were refused during the stop"));
}

TEST_F(QueuedBusTest, StopFreesAPublisherThatWaits) {
    const auto subscription =
        subscribe({.name = "b", .overflow = Overflow::block, .queueLimit = 1, .blockFor = 60s});
    bus.publish(Happened{0});
    ASSERT_TRUE(entered(1));
    bus.publish(Happened{1});
    std::jthread publisher([&] { bus.publish(Happened{2}); });
    ASSERT_TRUE(await([&] { return clock.waiting() == 1; }));
    std::jthread stopping([&] { bus.stop(20s); });
    publisher.join();
    EXPECT_EQ(bus.refused(), 1U);
    letGo();
    stopping.join();
    EXPECT_THAT(seen, testing::ElementsAre(0, 1));
}

TEST_F(QueuedBusTest, StopSaysHowManyWereLost) {
    const auto subscription = subscribe({.name = "s"});
    for (int i = 0; i < 4; ++i)
        bus.publish(Happened{i});
    ASSERT_TRUE(entered(1));
    std::jthread stopping([&] { bus.stop(0ms); });
    EXPECT_TRUE(await([&] { return log.text().find("\"count\":3") != std::string::npos; })) << log.text();
    letGo();
    stopping.join();
    EXPECT_EQ(seen.size(), 1U);
}

} // namespace
} // namespace core::event
