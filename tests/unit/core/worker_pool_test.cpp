#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "http/worker_pool.h"
#include "support/await.h"

namespace core::http {
namespace {

using namespace std::chrono_literals;
using test::await;

// The promises go before the pools, which wait for what they run: a test that fails early must end, too.

TEST(WorkerPool, HasRoomForAllWhoComeTogether) {
    constexpr std::size_t kMany = 20000;
    std::atomic<std::size_t> done{0};
    WorkerPool pool("test", 1, 10min);
    std::promise<void> gate;
    ASSERT_TRUE(pool.submit([open = gate.get_future().share()] { open.wait(); }));
    for (std::size_t i = 0; i < kMany; ++i)
        ASSERT_TRUE(pool.submit([&] { ++done; })) << i;
    EXPECT_GE(pool.stats().queued, kMany);
    gate.set_value();
    pool.stop();
    EXPECT_EQ(done, kMany);
    EXPECT_FALSE(pool.submit([] {}));
}

TEST(WorkerPool, TakesNobodyWhereTheFirstHasWaitedTooLong) {
    WorkerPool pool("test", 1, 0ms);
    std::promise<void> gate;
    ASSERT_TRUE(pool.submit([open = gate.get_future().share()] { open.wait(); }));
    ASSERT_TRUE(await([&] { return pool.stats().busy == 1; }));
    ASSERT_TRUE(pool.submit([] {})); // is the first to wait
    EXPECT_TRUE(await([&] { return !pool.submit([] {}); })) << "the clock has moved";
    gate.set_value();
    ASSERT_TRUE(await([&] { return pool.stats().queued == 0; }));
    EXPECT_TRUE(pool.submit([] {}));
}

} // namespace
} // namespace core::http
