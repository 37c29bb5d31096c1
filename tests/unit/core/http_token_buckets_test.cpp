#include <gtest/gtest.h>

#include "core/testing/fake_clock.h"
#include "http/token_buckets.h"

namespace core::http {
namespace {

using namespace std::chrono_literals;

class TokenBucketsTest : public testing::Test {
protected:
    static std::chrono::nanoseconds none() { return 0ns; }
    core::testkit::FakeClock clock;
    const BucketKey ann{"ann"};
    const BucketKey bob{"bob"};
};

TEST_F(TokenBucketsTest, GivesTheCapacityAtOnceAndOneAnIntervalAfterwards) {
    TokenBuckets buckets(clock, {3, 10s});
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(buckets.take(ann), none());
    EXPECT_EQ(buckets.take(ann), 10s);
    EXPECT_EQ(buckets.take(bob), none()) << "another's bucket";
    clock.advance(4s);
    EXPECT_EQ(buckets.take(ann), 6s) << "a refusal costs nothing";
    clock.advance(6s);
    EXPECT_EQ(buckets.take(ann), none());
    EXPECT_EQ(buckets.take(ann), 10s);
    clock.advance(1h);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(buckets.take(ann), none());
    EXPECT_GT(buckets.take(ann), none()) << "never more than the capacity";
}

TEST_F(TokenBucketsTest, ChargesOnCreditAndNoDeeperThanTheCapacity) {
    TokenBuckets buckets(clock, {2, 10s});
    EXPECT_EQ(buckets.waitFor(ann), none());
    EXPECT_EQ(buckets.size(), 0U) << "looking leaves nothing";
    for (int i = 0; i < 3; ++i)
        buckets.charge(ann);
    EXPECT_EQ(buckets.waitFor(ann), 20s);
    for (int i = 0; i < 100; ++i)
        buckets.charge(ann);
    EXPECT_EQ(buckets.waitFor(ann), 30s);
    buckets.refill(ann);
    EXPECT_EQ(buckets.waitFor(ann), none());
}

TEST_F(TokenBucketsTest, ForgetsWhoWasAwayLongestAndWhoIsFullAgain) {
    TokenBuckets buckets(clock, {1, 10s}, 100);
    for (int i = 0; i < 1000; ++i) {
        buckets.charge(BucketKey(std::to_string(i)));
        buckets.charge(ann); // used all the time
        EXPECT_LE(buckets.size(), 100U);
    }
    EXPECT_EQ(buckets.size(), 100U);
    EXPECT_GT(buckets.waitFor(ann), none());
    EXPECT_GT(buckets.waitFor(BucketKey("999")), none());
    EXPECT_EQ(buckets.waitFor(BucketKey("5")), none()) << "forgotten";
    clock.advance(1h);
    for (int i = 0; i < 100; ++i)
        buckets.charge(BucketKey("new" + std::to_string(i)));
    EXPECT_EQ(buckets.size(), 100U) << "the full ones went";
    clock.advance(1h);
    buckets.charge(ann);
    buckets.charge(bob);
    EXPECT_LE(buckets.size(), 98U) << "they go without need, too";
}

TEST_F(TokenBucketsTest, KeysOfIdsAndTextsAreTheirOwn) {
    const auto id = Uuid::generate(clock.now());
    EXPECT_EQ(BucketKey(id), BucketKey(id));
    EXPECT_NE(BucketKey(id), BucketKey(Uuid::generate(clock.now())));
    EXPECT_NE(BucketKey("ab"), BucketKey("ba"));
    EXPECT_EQ(BucketKey(std::string(1000, 'x')), BucketKey(std::string(1000, 'x')));
}

} // namespace
} // namespace core::http
