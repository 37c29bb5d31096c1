#include <atomic>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

#include "host/health_probe.h"

namespace core::host {
namespace {

TEST(HealthProbe, SaysWhatTheCheckSaid) {
    const SystemClock clock;
    bool broken = true;
    HealthProbe probe(
        "pump",
        [&] {
            if (broken)
                throw std::runtime_error("no water");
        },
        clock);
    probe.ask();
    EXPECT_EQ(probe.answer(), "no water");
    ASSERT_TRUE(probe.endsBy(clock.steady() + milliseconds{5000}));
    broken = false;
    probe.ask();
    EXPECT_EQ(probe.answer(), "") << "asked anew";
}

TEST(HealthProbe, OneCheckAtATimeWhoseAnswerTheOthersShare) {
    const SystemClock clock;
    std::promise<void> release;
    const auto released = release.get_future().share();
    std::atomic<int> calls{0};
    HealthProbe probe(
        "pump",
        [&] {
            ++calls;
            released.wait();
            throw std::runtime_error("no water");
        },
        clock, milliseconds{60000});
    std::vector<std::future<std::string>> askers;
    for (int i = 0; i < 8; ++i) {
        probe.ask();
        askers.push_back(std::async(std::launch::async, [&] { return probe.answer(); }));
    }
    release.set_value();
    for (auto& asker : askers)
        EXPECT_EQ(asker.get(), "no water");
    EXPECT_EQ(calls, 1);
}

TEST(HealthProbe, OneThatHangsIsNotWaitedForTwice) {
    const SystemClock clock;
    std::promise<void> release;
    std::atomic<int> calls{0};
    {
        HealthProbe probe(
            "pump",
            [&] {
                ++calls;
                release.get_future().wait();
            },
            clock, milliseconds{100});
        probe.ask();
        EXPECT_EQ(probe.answer(), "did not answer in 100ms");
        const auto before = clock.steady();
        for (int i = 0; i < 1000; ++i) {
            probe.ask();
            EXPECT_EQ(probe.answer(), "did not answer in 100ms");
        }
        EXPECT_LT(clock.steady() - before, std::chrono::seconds(50)) << "a thousand limits would be 100 s";
        EXPECT_EQ(calls, 1);
        EXPECT_FALSE(probe.endsBy(clock.steady()));
        release.set_value();
        EXPECT_TRUE(probe.endsBy(clock.steady() + milliseconds{10000}));
    }
}

} // namespace
} // namespace core::host
