#include "waiting/time_watch.h"

#include <gtest/gtest.h>

namespace agent {
namespace {
using namespace std::chrono_literals;

const TimeWatch::Clock::time_point kBegin{};

TEST(TimeWatch, WhatMovesMayGoOnAndWhatStandsStillMayNot) {
    TimeWatch watch({.total = 1h, .still = 3s}, kBegin);
    EXPECT_EQ(watch.over(kBegin + 2999ms), "");
    EXPECT_EQ(watch.over(kBegin + 3s), "stood still for 3s");
    watch.moved(10, kBegin + 2s);
    EXPECT_EQ(watch.over(kBegin + 4s), "");
    watch.moved(10, kBegin + 4s); // nothing new
    EXPECT_EQ(watch.over(kBegin + 5s), "stood still for 3s");
}

TEST(TimeWatch, WhatMovesMustBeThroughInTimeAllTheSame) {
    TimeWatch watch({.total = 1min, .still = 3s}, kBegin);
    for (int second = 1; second < 60; ++second)
        watch.moved(static_cast<std::uint64_t>(second), kBegin + second * 1s);
    EXPECT_EQ(watch.over(kBegin + 59999ms), "");
    EXPECT_EQ(watch.over(kBegin + 60s), "took longer than 1m");
}

} // namespace
} // namespace agent
