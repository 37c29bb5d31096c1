#include <atomic>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/testing/fake_clock.h"
#include "core/testing/fake_work_queues.h"
#include "core/testing/test_log.h"
#include "job/thread_work_queues.h"
#include "support/await.h"

namespace core {
namespace {

using namespace std::chrono_literals;
using test::await;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Opens once, for work that has to stay where it is until a test lets it go.
class Gate {
public:
    void open() {
        open_ = true;
        open_.notify_all();
    }
    void wait() const { open_.wait(false); }

private:
    std::atomic<bool> open_{false};
};

/// Keys in the order in which their work ran. Thread-safe.
class Trace {
public:
    void add(std::string text) {
        const std::lock_guard lock(mutex_);
        seen_.push_back(std::move(text));
    }
    [[nodiscard]] std::vector<std::string> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> seen_;
};

// --- What a module may rely on, of the host's queues and of their double -----------------------------------

/// Queues, and how what they hold gets done.
class Driver {
public:
    virtual ~Driver() = default;
    virtual WorkQueues& queues() = 0;
    /// Until nothing waits and nothing runs.
    virtual void drain(WorkQueue& queue) = 0;
    virtual void stop() = 0;
};

class Real final : public Driver {
public:
    WorkQueues& queues() override { return queues_; }
    void drain(WorkQueue& queue) override {
        ASSERT_TRUE(await([&] { return queue.stats().waiting == 0 && queue.stats().running == 0; }));
    }
    void stop() override { ASSERT_THAT(queues_.stopBy(clock_.steady() + 1h), IsEmpty()); }

private:
    core::testkit::TestLog log_;
    core::testkit::FakeClock clock_;
    ThreadWorkQueues queues_{log_.logger(), clock_};
};

class Fake final : public Driver {
public:
    WorkQueues& queues() override { return queues_; }
    void drain(WorkQueue& queue) override {
        const auto name = queue.stats().name;
        while (queue.stats().waiting > 0)
            try {
                queues_.runOne(name);
            } catch (const std::runtime_error&) {
                continue; // it reaches the test
            }
    }
    void stop() override { queues_.stop(); }

private:
    core::testkit::FakeClock clock_;
    core::testkit::FakeWorkQueues queues_{clock_};
};

template <class T>
struct WorkQueueContract : testing::Test {
    T driver;
    Trace trace;
    [[nodiscard]] Work piece(const std::string& key, const std::string& text) {
        return {key, [this, text](const std::stop_token&) { trace.add(text); }};
    }
};
using Drivers = testing::Types<Real, Fake>;
TYPED_TEST_SUITE(WorkQueueContract, Drivers);

TYPED_TEST(WorkQueueContract, AKeyThatWaitsIsOneAndTheLastWordCounts) {
    auto& queue = this->driver.queues().add({.name = "q"});
    std::vector<Submitted> answers;
    // Submitted by work of the only worker, so nothing of it can begin before all is there.
    ASSERT_EQ(queue.submit({"first",
                            [&](const std::stop_token&) {
                                answers.push_back(queue.submit(this->piece("a", "a1")));
                                answers.push_back(queue.submit(this->piece("b", "b1")));
                                answers.push_back(queue.submit(this->piece("a", "a2")));
                            }}),
              Submitted::queued);
    this->driver.drain(queue);
    EXPECT_THAT(answers, ElementsAre(Submitted::queued, Submitted::queued, Submitted::joined));
    EXPECT_THAT(this->trace.seen(), ElementsAre("a2", "b1"));
    EXPECT_EQ(queue.stats().done, 3U);
}

TYPED_TEST(WorkQueueContract, AKeyThatRunsIsRunOnceMoreAfterwards) {
    auto& queue = this->driver.queues().add({.name = "q", .workers = 3});
    std::vector<Submitted> answers;
    static_cast<void>(queue.submit({"a", [&](const std::stop_token&) {
                                        answers.push_back(queue.submit(this->piece("a", "second")));
                                        answers.push_back(queue.submit(this->piece("a", "third")));
                                        this->trace.add("first");
                                    }}));
    this->driver.drain(queue);
    EXPECT_THAT(answers, ElementsAre(Submitted::again, Submitted::joined));
    EXPECT_THAT(this->trace.seen(), ElementsAre("first", "third"));
}

TYPED_TEST(WorkQueueContract, RefusesWhatIsBeyondItsLength) {
    auto& queue = this->driver.queues().add({.name = "q", .length = 2});
    std::vector<Submitted> answers;
    static_cast<void>(queue.submit({"a", [&](const std::stop_token&) {
                                        answers.push_back(queue.submit(this->piece("a", "again")));
                                        answers.push_back(queue.submit(this->piece("b", "b")));
                                        answers.push_back(queue.submit(this->piece("c", "c")));
                                        answers.push_back(queue.submit(this->piece("b", "b2")));
                                    }}));
    this->driver.drain(queue);
    EXPECT_THAT(answers,
                ElementsAre(Submitted::again, Submitted::queued, Submitted::refused, Submitted::joined));
    EXPECT_EQ(queue.stats().refused, 1U);
    EXPECT_THAT(this->trace.seen(), testing::UnorderedElementsAre("b2", "again"));
}

TYPED_TEST(WorkQueueContract, AnExceptionEndsItsOwnPieceOnly) {
    auto& queue = this->driver.queues().add({.name = "q"});
    static_cast<void>(
        queue.submit({"bad", [](const std::stop_token&) { throw std::runtime_error("kaputt"); }}));
    static_cast<void>(queue.submit(this->piece("good", "good")));
    this->driver.drain(queue);
    EXPECT_THAT(this->trace.seen(), ElementsAre("good"));
    EXPECT_EQ(queue.stats().failed, 1U);
    EXPECT_EQ(queue.stats().done, 1U);
    EXPECT_EQ(queue.submit(this->piece("bad", "bad again")), Submitted::queued);
    this->driver.drain(queue);
    EXPECT_THAT(this->trace.seen(), ElementsAre("good", "bad again"));
}

TYPED_TEST(WorkQueueContract, AStopTellsWhatRunsAndDropsTheRest) {
    auto& queue = this->driver.queues().add({.name = "q"});
    std::atomic<bool> entered{false}, told{false};
    static_cast<void>(queue.submit({"a", [&](const std::stop_token& stop) {
                                        static_cast<void>(queue.submit(this->piece("a", "again")));
                                        static_cast<void>(queue.submit(this->piece("b", "b")));
                                        entered = true;
                                        if constexpr (std::is_same_v<TypeParam, Fake>)
                                            this->driver.stop();
                                        told = await([&] { return stop.stop_requested(); });
                                    }}));
    if constexpr (std::is_same_v<TypeParam, Fake>) {
        this->driver.drain(queue);
    } else {
        ASSERT_TRUE(await([&] { return entered.load(); }));
        this->driver.stop();
    }
    EXPECT_TRUE(told);
    EXPECT_EQ(queue.submit(this->piece("c", "c")), Submitted::refused);
    EXPECT_EQ(this->driver.queues().add({.name = "late"}).submit(this->piece("d", "d")), Submitted::refused);
    EXPECT_THAT(this->trace.seen(), IsEmpty());
    EXPECT_EQ(queue.stats().waiting, 0U);
}

TYPED_TEST(WorkQueueContract, RefusesNamesAndNumbersThatCannotBe) {
    auto& queues = this->driver.queues();
    queues.add({.name = "q"});
    EXPECT_THROW(queues.add({.name = "q"}), Error);
    EXPECT_THROW(queues.add({.name = "a", .workers = 0}), Error);
    EXPECT_THROW(queues.add({.name = "a", .workers = WorkQueueSpec::kMostWorkers + 1}), Error);
    EXPECT_THROW(queues.add({.name = "a", .length = 0}), Error);
    EXPECT_THROW(queues.add({.name = "a", .length = WorkQueueSpec::kLongest + 1}), Error);
    EXPECT_THROW(queues.add({.name = "a", .limit = 0ms}), Error);
    EXPECT_THROW(queues.add({.name = "a", .grace = -1ms}), Error);
    EXPECT_EQ(queues.stats().size(), 1U);
}

// --- Threads and time --------------------------------------------------------------------------------------

struct ThreadWorkQueueTest : testing::Test {
    core::testkit::TestLog log;
    core::testkit::FakeClock clock;
    Gate gate; // opened at the end, so that no test waits for what it held
    std::atomic<int> inside{0};
    ThreadWorkQueues queues{log.logger(), clock};

    ~ThreadWorkQueueTest() override { gate.open(); }
    /// Work that never listens, until the gate opens.
    [[nodiscard]] Work deaf(std::string key) {
        return {std::move(key), [this](const std::stop_token&) {
                    ++inside;
                    gate.wait();
                }};
    }
    /// The watcher has looked at what there is and waits for the clock.
    [[nodiscard]] bool watches() const {
        return await([&] { return clock.waiting() == 1; });
    }
    [[nodiscard]] static bool idle(const WorkQueue& queue) {
        return await([&] { return queue.stats().running == 0 && queue.stats().waiting == 0; });
    }
};

TEST_F(ThreadWorkQueueTest, AsMuchAtOnceAsThereAreWorkers) {
    auto& queue = queues.add({.name = "q", .workers = 2});
    for (const auto* key : {"a", "b", "c"})
        ASSERT_EQ(queue.submit(deaf(key)), Submitted::queued);
    ASSERT_TRUE(await([&] { return inside == 2; }));
    clock.advance(3s);
    EXPECT_EQ(queue.stats().running, 2U);
    EXPECT_EQ(queue.stats().waiting, 1U);
    EXPECT_EQ(queue.stats().oldest, 3s);
    gate.open();
    ASSERT_TRUE(idle(queue));
    EXPECT_EQ(queue.stats().done, 3U);
    EXPECT_EQ(queue.stats().oldest, 0ms);
}

TEST_F(ThreadWorkQueueTest, NeverTwoOfOneKeyHoweverManySubmit) {
    auto& queue = queues.add({.name = "q", .workers = 4});
    std::array<std::atomic<int>, 3> within{};
    std::atomic<int> runs{0}, most{0};
    {
        std::vector<std::jthread> submitters;
        for (int thread = 0; thread < 4; ++thread)
            submitters.emplace_back([&] {
                for (std::size_t i = 0; i < 300; ++i)
                    static_cast<void>(
                        queue.submit({std::to_string(i % 3), [&, at = i % 3](const std::stop_token&) {
                                          const int now = ++within.at(at);
                                          if (now > most)
                                              most = now;
                                          std::this_thread::yield();
                                          --within.at(at);
                                          ++runs;
                                      }}));
            });
    }
    ASSERT_TRUE(idle(queue));
    EXPECT_EQ(most, 1);
    EXPECT_GE(runs, 3);
    EXPECT_EQ(queue.stats().done, static_cast<std::uint64_t>(runs));
    EXPECT_EQ(queue.stats().refused, 0U);
}

TEST_F(ThreadWorkQueueTest, AskedToStopAtItsLimitAndNotBefore) {
    auto& queue = queues.add({.name = "q", .limit = 10s});
    std::atomic<bool> entered{false};
    const auto listens = [&](const std::stop_token& stop) {
        entered = true;
        while (!stop.stop_requested())
            std::this_thread::yield();
    };
    ASSERT_EQ(queue.submit({"a", listens}), Submitted::queued);
    ASSERT_TRUE(await([&] { return entered.load(); }));
    clock.advance(9999ms);
    ASSERT_TRUE(watches());
    EXPECT_EQ(queue.stats().running, 1U);
    EXPECT_EQ(queue.stats().late, 0U);
    clock.advance(1ms);
    ASSERT_TRUE(idle(queue));
    EXPECT_EQ(queue.stats().late, 1U);
    EXPECT_EQ(queue.stats().done, 1U);

    entered = false; // a limit of its own, earlier than anything that is watched
    ASSERT_EQ(queue.submit({"b", listens, 1s}), Submitted::queued);
    ASSERT_TRUE(await([&] { return entered.load(); }));
    clock.advance(1s);
    ASSERT_TRUE(idle(queue));
    EXPECT_EQ(queue.stats().late, 2U);
    EXPECT_THAT(queues.complaints(), ElementsAre(testing::Pair("q", "")));
}

TEST_F(ThreadWorkQueueTest, WhatHangsIsNamedAndItsWorkerReplaced) {
    auto& queue = queues.add({.name = "q", .limit = 10s, .grace = 5s});
    ASSERT_EQ(queue.submit(deaf("stuck")), Submitted::queued);
    ASSERT_TRUE(await([&] { return inside == 1; }));
    std::atomic<int> others{0};
    ASSERT_EQ(queue.submit({"other", [&](const std::stop_token&) { ++others; }}), Submitted::queued);
    ASSERT_EQ(queue.submit({"stuck", [&](const std::stop_token&) { others += 100; }}), Submitted::again);
    clock.advance(15s - 1ms);
    ASSERT_TRUE(watches());
    EXPECT_THAT(queue.stats().hanging, IsEmpty());
    EXPECT_EQ(others, 0);
    clock.advance(1ms);
    ASSERT_TRUE(await([&] { return others == 1; }));
    EXPECT_THAT(queue.stats().hanging, ElementsAre("stuck"));
    EXPECT_THAT(queues.complaints(), ElementsAre(testing::Pair("q", HasSubstr("stuck"))));
    EXPECT_THAT(log.text(), HasSubstr("\"key\":\"stuck\""));
    EXPECT_EQ(queue.stats().waiting, 1U); // its own key waits for it

    gate.open();
    ASSERT_TRUE(await([&] { return others == 101; }));
    ASSERT_TRUE(idle(queue));
    EXPECT_THAT(queues.complaints(), ElementsAre(testing::Pair("q", "")));
}

TEST_F(ThreadWorkQueueTest, NoMoreReplacementsThanWorkers) {
    auto& queue = queues.add({.name = "q", .limit = 10s, .grace = 0s});
    std::atomic<int> others{0};
    for (const auto* key : {"one", "two"}) {
        ASSERT_EQ(queue.submit(deaf(key)), Submitted::queued);
        ASSERT_TRUE(await([&] { return queue.stats().running == 1 + queue.stats().hanging.size(); }));
        clock.advance(10s);
        ASSERT_TRUE(await([&] { return queue.stats().hanging.size() == queue.stats().running; }));
    }
    ASSERT_EQ(queue.submit({"three", [&](const std::stop_token&) { ++others; }}), Submitted::queued);
    ASSERT_TRUE(watches());
    EXPECT_EQ(queue.stats().running, 2U);
    EXPECT_EQ(queue.stats().waiting, 1U);
    EXPECT_EQ(others, 0);
    gate.open();
    ASSERT_TRUE(idle(queue));
    EXPECT_EQ(others, 1);
}

TEST_F(ThreadWorkQueueTest, WhatHangsAtTheStopIsNamedAndLeftBehind) {
    auto left =
        std::make_unique<ThreadWorkQueue>(WorkQueueSpec{.name = "q", .workers = 2}, log.logger(), clock);
    auto token = std::make_shared<int>();
    const std::weak_ptr<int> held = token;
    ASSERT_EQ(left->submit({"stuck",
                            [this, token = std::move(token)](const std::stop_token&) {
                                ++inside;
                                gate.wait();
                            }}),
              Submitted::queued);
    ASSERT_TRUE(await([&] { return inside == 1; }));
    ASSERT_EQ(left->submit(deaf("stuck")), Submitted::again);
    std::vector<std::string> names;
    const auto deadline = clock.steady() + 5s;
    std::thread stops([&] { names = left->stopBy(deadline); });
    ASSERT_TRUE(watches()); // who stops, now
    clock.advance(5s);
    stops.join();
    EXPECT_THAT(names, ElementsAre("stuck"));
    left.reset(); // does not wait for it either
    EXPECT_EQ(inside, 1);
    gate.open();
    // Its threads go on using what this test has.
    EXPECT_TRUE(await([&] { return held.expired() && clock.waiting() == 0; }));
}

TEST_F(ThreadWorkQueueTest, WhatWorkHeldIsLetGoWhereItMaySubmit) {
    auto& queue = queues.add({.name = "q"});
    std::atomic<int> answered{0};
    struct Resubmits {
        WorkQueue& queue;
        std::atomic<int>& answered;
        ~Resubmits() {
            static_cast<void>(queue.submit({"other", [](const std::stop_token&) {}}));
            ++answered;
        }
    };
    auto held = std::make_shared<Resubmits>(queue, answered);
    ASSERT_EQ(queue.submit({"a", [held = std::move(held)](const std::stop_token&) {}}), Submitted::queued);
    ASSERT_TRUE(await([&] { return answered == 1; }));
    ASSERT_TRUE(idle(queue));
    EXPECT_EQ(queue.stats().done, 2U);
}

} // namespace
} // namespace core
