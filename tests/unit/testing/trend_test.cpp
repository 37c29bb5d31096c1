#include <random>

#include <gtest/gtest.h>

#include "support/trend.h"

namespace test {
namespace {

std::vector<double> samples(double growth, double noise, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> around(0, noise);
    std::vector<double> made;
    for (int i = 0; i < 600; ++i)
        made.push_back(100 + growth * i / 600 + around(random));
    return made;
}

TEST(Trend, SeesGrowthThroughNoiseAndNoneWhereThereIsNone) {
    int seen = 0, imagined = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
        const auto leak = trendOf(samples(2, 3, seed));
        EXPECT_NEAR(leak.mean, 101, 1);
        EXPECT_NEAR(leak.growth, 2, 2);
        seen += leak.least > 0 ? 1 : 0;
        imagined += trendOf(samples(0, 3, seed)).least > 0 ? 1 : 0;
    }
    EXPECT_GT(seen, 190);
    EXPECT_LT(imagined, 15); // 2.5 % of them is what a 95 % interval means
}

TEST(Trend, OfAStraightLineIsExact) {
    const auto line = trendOf(samples(10, 1e-12, 1));
    EXPECT_NEAR(line.growth, 10, 1e-6);
    EXPECT_NEAR(line.most - line.least, 0, 1e-6);
    EXPECT_THROW(static_cast<void>(trendOf({1, 2, 3})), std::invalid_argument);
}

} // namespace
} // namespace test
