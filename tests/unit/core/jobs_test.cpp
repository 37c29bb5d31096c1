#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/fake_clock.h"
#include "core/testing/test_log.h"
#include "job/thread_jobs.h"
#include "support/await.h"

namespace core {
namespace {

using namespace std::chrono_literals;
using test::await;
using testing::HasSubstr;

struct ThreadJobsTest : testing::Test {
    core::testkit::TestLog log;
    core::testkit::FakeClock clock; // 2026-01-31T02:00:00Z
    std::atomic<int> calls{0};
    std::atomic<bool> open{false};
    ThreadJobs jobs{log.logger(), clock};

    ~ThreadJobsTest() override { open = true; }
    /// True once so many threads wait for their time: then nothing happens before somebody acts.
    bool idle(int threads = 1) {
        return await([&] { return clock.waiting() == threads; });
    }
    JobStats stats(std::size_t index = 0) { return jobs.stats().at(index); }
    static Instant at(const char* text) { return parseInstant(text).value(); }
};

TEST_F(ThreadJobsTest, RunsNowAndAnIntervalAfterEachEnd) {
    jobs.every("often", 10s, [&](JobRun&) { ++calls; });
    ASSERT_TRUE(idle());
    EXPECT_EQ(calls, 1);
    clock.advance(9999ms);
    ASSERT_TRUE(idle());
    EXPECT_EQ(calls, 1);
    for (int i = 2; i < 6; ++i) {
        clock.advance(10s);
        ASSERT_TRUE(await([&] { return calls == i; }));
        ASSERT_TRUE(idle());
    }
    EXPECT_EQ(stats().runs, 5U);
    EXPECT_EQ(stats().result, JobStats::Result::good);
    EXPECT_EQ(stats().next, clock.now() + 10s);
}

TEST_F(ThreadJobsTest, RunsAgainEarlierWhereARunSaysSo) {
    const auto began = clock.now();
    jobs.every("often", 10s, [&](JobRun& run) {
        ++calls;
        if (calls == 1)
            run.runAgainAt(began + 300ms);
        else if (calls == 2)
            run.runAgainAt(began + 1h); // not before its next time
    });
    ASSERT_TRUE(idle());
    EXPECT_EQ(stats().next, began + 300ms);
    clock.advance(299ms);
    ASSERT_TRUE(idle());
    EXPECT_EQ(calls, 1);
    clock.advance(1ms);
    ASSERT_TRUE(await([&] { return calls == 2; }));
    ASSERT_TRUE(idle());
    EXPECT_EQ(stats().next, clock.now() + 10s);
    clock.advance(10s);
    ASSERT_TRUE(await([&] { return calls == 3; }));
    ASSERT_TRUE(idle());
    EXPECT_EQ(stats().next, clock.now() + 10s) << "it was asked for once";
}

TEST_F(ThreadJobsTest, WakesAtOnceAndOnceMoreIfItRuns) {
    jobs.every("j", 1h, [&](JobRun& run) {
        ++calls;
        while (calls == 2 && !open && !run.stop().stop_requested())
            std::this_thread::yield();
    });
    ASSERT_TRUE(idle());
    jobs.wake("j");
    ASSERT_TRUE(await([&] { return calls == 2; })); // and stays inside
    jobs.wake("j");
    jobs.wake("j");
    jobs.wake("unknown");
    open = true;
    ASSERT_TRUE(await([&] { return calls == 3; }));
    ASSERT_TRUE(idle());
    EXPECT_EQ(calls, 3);
}

TEST_F(ThreadJobsTest, GoesOnAfterAnException) {
    jobs.every("bad", 1s, [&](JobRun&) {
        if (++calls == 1)
            throw std::runtime_error("kaputt");
        throw 42;
    });
    ASSERT_TRUE(idle());
    EXPECT_EQ(stats().result, JobStats::Result::failed);
    EXPECT_THAT(stats().error, HasSubstr("kaputt"));
    clock.advance(1s);
    ASSERT_TRUE(await([&] { return calls == 2; }));
    ASSERT_TRUE(idle());
    EXPECT_EQ(stats().failures, 2U);
    EXPECT_THAT(log.text(), HasSubstr("\"job\":\"bad\""));
    EXPECT_THAT(log.text(), HasSubstr("kaputt"));
}

TEST_F(ThreadJobsTest, StopEndsTheWaitAndWaitsForTheWork) {
    std::atomic<bool> entered{false}, left{false};
    jobs.every("waits", 1h, [](JobRun&) {});
    jobs.every("works", 1h, [&](JobRun& run) {
        entered = true;
        while (!run.stop().stop_requested())
            std::this_thread::yield();
        left = true;
    });
    ASSERT_TRUE(await([&] { return entered.load(); }));
    jobs.stop();
    EXPECT_TRUE(left);
    jobs.every("late", 1ms, [&](JobRun&) { ++calls; });
    jobs.wake("late");
    EXPECT_TRUE(jobs.stats().empty()); // so there is nothing that could run
    EXPECT_EQ(calls, 0);
}

TEST_F(ThreadJobsTest, RefusesANameThatIsTaken) {
    jobs.every("j", 1h, [](JobRun&) {});
    EXPECT_THROW(jobs.every("j", 1h, [](JobRun&) {}), Error);
}

TEST_F(ThreadJobsTest, RunsByAScheduleInItsZone) {
    jobs.add({"nightly", JobSpec::Planned{"30 4 * * *", "Europe/Berlin"}, false, [&](JobRun&) { ++calls; }});
    ASSERT_TRUE(idle());
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(stats().next, at("2026-01-31T03:30:00Z"));
    clock.advance(90min - 1s);
    ASSERT_TRUE(idle());
    EXPECT_EQ(calls, 0);
    clock.advance(1s);
    ASSERT_TRUE(await([&] { return calls == 1; }));
    ASSERT_TRUE(idle());
    EXPECT_EQ(stats().next, at("2026-02-01T03:30:00Z"));
    EXPECT_EQ(stats().lastStart, at("2026-01-31T03:30:00Z"));
}

TEST_F(ThreadJobsTest, AWakeUpDoesNotMoveThePlan) {
    jobs.add({"nightly", JobSpec::Planned{"30 4 * * *"}, false, [&](JobRun&) { ++calls; }});
    ASSERT_TRUE(idle());
    jobs.wake("nightly");
    ASSERT_TRUE(await([&] { return calls == 1; }));
    ASSERT_TRUE(idle());
    EXPECT_EQ(stats().next, at("2026-01-31T04:30:00Z"));
}

TEST_F(ThreadJobsTest, RefusesWhatItCannotPlan) {
    EXPECT_THROW(jobs.add({"j", JobSpec::Planned{"every day"}, false, [](JobRun&) {}}), Error);
    EXPECT_THROW(jobs.add({"j", JobSpec::Planned{"0 0 * * *", "Europe/Berlinn"}, false, [](JobRun&) {}}),
                 Error);
    EXPECT_THROW(jobs.add({"j", JobSpec::Once{clock.now()}, true, [](JobRun&) {}}), Error);
    EXPECT_TRUE(jobs.stats().empty());
}

TEST_F(ThreadJobsTest, RunsOnceAtItsTimeAndFreesItsName) {
    const JobSpec once{"once", JobSpec::Once{clock.now() + 1h}, false, [&](JobRun&) { ++calls; }};
    jobs.add(once);
    ASSERT_TRUE(idle());
    EXPECT_EQ(calls, 0);
    EXPECT_THROW(jobs.add(once), Error);
    clock.advance(1h);
    ASSERT_TRUE(await([&] { return calls == 1 && stats().runs == 1; }));
    EXPECT_EQ(stats().next, std::nullopt);
    ASSERT_TRUE(await([&] {
        try {
            jobs.add(once); // its time has passed: at once
            return true;
        } catch (const Error&) {
            return false;
        }
    }));
    EXPECT_TRUE(await([&] { return calls == 2; }));
}

TEST_F(ThreadJobsTest, ReportsAndIsCancelled) {
    std::atomic<bool> reported{false};
    EXPECT_FALSE(jobs.cancel("long"));
    jobs.every("long", 1h, [&](JobRun& run) {
        run.report("3 of 4", 0.75);
        reported = true;
        while (!run.stop().stop_requested())
            std::this_thread::yield();
    });
    ASSERT_TRUE(await([&] { return reported.load(); }));
    EXPECT_TRUE(stats().running);
    EXPECT_EQ(stats().progress, "3 of 4");
    EXPECT_EQ(stats().fraction, 0.75);
    EXPECT_EQ(stats().next, std::nullopt);
    EXPECT_TRUE(jobs.cancel("long"));
    ASSERT_TRUE(idle());
    EXPECT_FALSE(stats().running);
    EXPECT_EQ(stats().result, JobStats::Result::cancelled);
    EXPECT_EQ(stats().failures, 0U);
    EXPECT_FALSE(jobs.cancel("long"));
    jobs.wake("long"); // a cancelled run does not end the job
    ASSERT_TRUE(await([&] { return stats().running; }));
}

} // namespace
} // namespace core
