#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/service.h"
#include "core/testing/test_log.h"
#include "job/thread_jobs.h"
#include "module/version.h"
#include "support/await.h"

namespace core {
namespace {

using namespace std::chrono_literals;
using test::await;
using testing::HasSubstr;

TEST(ThreadJobs, RunsNowAndAgain) {
    core::testkit::TestLog log;
    ThreadJobs jobs(log.logger());
    std::atomic<int> often{0}, rarely{0};
    jobs.every("often", 1ms, [&](const std::stop_token&) { ++often; });
    jobs.every("rarely", 1h, [&](const std::stop_token&) { ++rarely; });
    EXPECT_TRUE(await([&] { return often >= 5 && rarely == 1; }));
    EXPECT_EQ(rarely, 1);
}

TEST(ThreadJobs, WakesAtOnceAndOnceMoreIfItRuns) {
    core::testkit::TestLog log;
    std::atomic<int> calls{0};
    std::atomic<bool> open{false};
    ThreadJobs jobs(log.logger());
    jobs.every("j", 1h, [&](const std::stop_token& stop) {
        ++calls;
        while (calls == 2 && !open && !stop.stop_requested())
            std::this_thread::yield();
    });
    ASSERT_TRUE(await([&] { return calls == 1; }));
    jobs.wake("j");
    ASSERT_TRUE(await([&] { return calls == 2; })); // and stays inside
    jobs.wake("j");
    jobs.wake("j");
    jobs.wake("unknown");
    open = true;
    EXPECT_TRUE(await([&] { return calls == 3; }));
    EXPECT_FALSE(await([&] { return calls > 3; }, 50ms));
}

TEST(ThreadJobs, GoesOnAfterAnException) {
    core::testkit::TestLog log;
    ThreadJobs jobs(log.logger());
    std::atomic<int> calls{0};
    jobs.every("bad", 1ms, [&](const std::stop_token&) {
        if (++calls == 1)
            throw std::runtime_error("kaputt");
        throw 42;
    });
    EXPECT_TRUE(await([&] { return calls >= 3; }));
    EXPECT_THAT(log.text(), HasSubstr("\"job\":\"bad\""));
    EXPECT_THAT(log.text(), HasSubstr("kaputt"));
}

TEST(ThreadJobs, StopEndsTheWaitAndWaitsForTheWork) {
    core::testkit::TestLog log;
    ThreadJobs jobs(log.logger());
    std::atomic<bool> entered{false}, left{false};
    jobs.every("waits", 1h, [](const std::stop_token&) {});
    jobs.every("works", 1h, [&](const std::stop_token& stop) {
        entered = true;
        while (!stop.stop_requested())
            std::this_thread::yield();
        left = true;
    });
    ASSERT_TRUE(await([&] { return entered.load(); }));
    jobs.stop();
    EXPECT_TRUE(left);
    std::atomic<bool> ran{false};
    jobs.every("late", 1ms, [&](const std::stop_token&) { ran = true; });
    jobs.wake("late");
    EXPECT_FALSE(await([&] { return ran.load(); }, 30ms));
}

TEST(ThreadJobs, RefusesANameThatIsTaken) {
    core::testkit::TestLog log;
    ThreadJobs jobs(log.logger());
    jobs.every("j", 1h, [](const std::stop_token&) {});
    EXPECT_THROW(jobs.every("j", 1h, [](const std::stop_token&) {}), Error);
}

struct Greeter {
    static constexpr std::string_view kService = "test.greeter/1";
    std::string text;
};
struct NewGreeter {
    static constexpr std::string_view kService = "test.greeter/2";
};

TEST(Services, GivesWhatWasProvided) {
    Services services;
    EXPECT_EQ(services.find<Greeter>(), nullptr);
    try {
        static_cast<void>(services.require<Greeter>());
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), 503);
        EXPECT_THAT(error.what(), HasSubstr("test.greeter/1"));
    }
    services.provide(std::make_shared<Greeter>(Greeter{"hello"}));
    EXPECT_EQ(services.require<Greeter>()->text, "hello");
    EXPECT_EQ(services.find<Greeter>(), services.find<Greeter>());
    EXPECT_EQ(services.find<NewGreeter>(), nullptr);
    try {
        services.provide(std::make_shared<Greeter>());
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), 409);
    }
    EXPECT_EQ(services.require<Greeter>()->text, "hello");
}

} // namespace

namespace module {
namespace {

TEST(Version, ReadsOneToThreeParts) {
    EXPECT_EQ(Version::parse("1.2.3"), (Version{1, 2, 3}));
    EXPECT_EQ(Version::parse("1.2"), (Version{1, 2, 0}));
    EXPECT_EQ(Version::parse("7"), (Version{7, 0, 0}));
    for (const char* text :
         {"", ".", "1.", "1..2", "1.2.3.4", "v1", "-1", "+1", "1.2.3-rc1", " 1", "1 ", "99999999999"})
        EXPECT_FALSE(Version::parse(text)) << text;
    EXPECT_LT(*Version::parse("1.9"), *Version::parse("1.10"));
}

TEST(VersionRange, Contains) {
    struct Case {
        const char* range;
        const char* in;
        const char* out;
    };
    for (const Case& c : {Case{"[1.0,2.0)", "1.0", "2.0"},
                          {"[1.0,2.0)", "1.99.9", "0.9"},
                          {"(1.0,2.0]", "2.0", "1.0"},
                          {"[1.0,)", "99", "0.9.9"},
                          {"(,2.0]", "0.0.1", "2.0.1"},
                          {"[1.2.3,1.2.3]", "1.2.3", "1.2.4"},
                          {"[ 1.0 , 2.0 )", "1.5", "3"}}) {
        const auto range = VersionRange::parse(c.range);
        ASSERT_TRUE(range) << c.range;
        EXPECT_TRUE(range->contains(*Version::parse(c.in))) << c.range << c.in;
        EXPECT_FALSE(range->contains(*Version::parse(c.out))) << c.range << c.out;
    }
    for (const char* text :
         {"", "1.0", "[1.0]", "[1.0,2.0", "1.0,2.0)", "[a,b)", "[1.0;2.0)", "[1,2,3)", "[]"})
        EXPECT_FALSE(VersionRange::parse(text)) << text;
}

} // namespace
} // namespace module
} // namespace core
