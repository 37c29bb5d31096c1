#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "http/worker_pool.h"

namespace core::http {
namespace {

using namespace std::chrono_literals;

TEST(WorkerPool, HasRoomForAllWhoComeTogether) {
    constexpr std::size_t kMany = 20000;
    std::promise<void> opened;
    auto gate = opened.get_future().share();
    std::atomic<std::size_t> done{0};
    WorkerPool pool("test", 1, 10min);
    ASSERT_TRUE(pool.submit([gate] { gate.wait(); }));
    for (std::size_t i = 0; i < kMany; ++i)
        ASSERT_TRUE(pool.submit([&] { ++done; })) << i;
    EXPECT_GE(pool.stats().queued, kMany);
    opened.set_value();
    pool.stop();
    EXPECT_EQ(done, kMany);
    EXPECT_FALSE(pool.submit([] {}));
}

TEST(WorkerPool, TakesNobodyWhereTheFirstHasWaitedTooLong) {
    std::promise<void> opened;
    auto gate = opened.get_future().share();
    WorkerPool pool("test", 1, 0ms);
    ASSERT_TRUE(pool.submit([gate] { gate.wait(); }));
    while (pool.stats().busy == 0)
        std::this_thread::yield();
    ASSERT_TRUE(pool.submit([] {})); // is the first to wait
    while (pool.submit([] {}))       // until the clock has moved
        std::this_thread::yield();
    opened.set_value();
    while (pool.stats().queued > 0)
        std::this_thread::yield();
    EXPECT_TRUE(pool.submit([] {}));
}

} // namespace
} // namespace core::http
