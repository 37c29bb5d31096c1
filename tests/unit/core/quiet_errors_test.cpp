#include <gtest/gtest.h>

#include "http/quiet_errors.h"

namespace core::http {
namespace {

TEST(QuietErrors, OfOneReasonOneAMinuteWithTheNumberLeftOut) {
    QuietErrors quiet;
    const auto begin = std::chrono::steady_clock::time_point{};
    EXPECT_EQ(quiet.write("disk", begin), 0);
    for (int i = 0; i < 70; ++i)
        EXPECT_FALSE(quiet.write("disk", begin + std::chrono::seconds(59)));
    EXPECT_EQ(quiet.write("network", begin + std::chrono::seconds(1)), 0) << "another reason";
    EXPECT_EQ(quiet.write("disk", begin + QuietErrors::kEvery), 70);
    EXPECT_FALSE(quiet.write("disk", begin + QuietErrors::kEvery));
    EXPECT_EQ(quiet.write("disk", begin + 2 * QuietErrors::kEvery), 1);
}

TEST(QuietErrors, ReasonsThatAllDifferAreNoise) {
    QuietErrors quiet;
    const auto begin = std::chrono::steady_clock::time_point{};
    int written = 0;
    for (int i = 0; i < 10000; ++i)
        written += quiet.write(std::to_string(i), begin) ? 1 : 0;
    EXPECT_EQ(written, 100);
    EXPECT_EQ(quiet.write("later", begin + QuietErrors::kEvery), 0) << "old ones make room";
}

} // namespace
} // namespace core::http
