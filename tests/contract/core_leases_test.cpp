#include <atomic>
#include <optional>
#include <thread>

#include "contract/db_fixture.h"
#include "core/testing/fake_clock.h"
#include "job/thread_jobs.h"
#include "lease/leases.h"
#include "support/await.h"

namespace test {
namespace {

using namespace std::chrono_literals;
using core::JobRun;
using core::JobSpec;
using core::Lease;
using core::Leases;
using core::ThreadJobs;

/// Two hosts on one database. Their own clocks stand still, so nothing is renewed before a test moves them;
/// the database's clock, by which leases end, goes on.
class CoreLeases : public BothDatabases {
protected:
    TestDatabase fixture{GetParam(), {core::db::coreMigrations(GetParam())}};
    Database& db = fixture.db();
    std::unique_ptr<Database> otherDb = GetParam() == Dialect::postgresql ? fixture.openAnother() : nullptr;
    FakeClock clock, otherClock;

    [[nodiscard]] Leases here(core::milliseconds duration = 1h) {
        return {db, clock, fixture.log.logger(), "here", duration};
    }
    [[nodiscard]] Leases there(core::milliseconds duration = 1h) {
        return {*otherDb, otherClock, fixture.log.logger(), "there", duration};
    }
    std::int64_t expires(const std::string& name) {
        return db
            .run(SystemContext("test"), {{"SELECT expires_us FROM core_leases WHERE name = $1", {name}}},
                 false)
            .at(0)[0]
            .integer(0);
    }
    std::int64_t rows() {
        return db.run(SystemContext("test"), {{"SELECT count(*) FROM marks"}}, false).at(0)[0].integer(0);
    }
    void makeMarks() {
        core::db::applyMigrations(
            db, {{"marks", {{1, "marks", "CREATE TABLE marks (what TEXT NOT NULL)", "checksum"}}}});
    }
    /// Writes one row under the fence; false if it was refused.
    bool mark(const Leases& leases, const Lease& lease, const core::db::Context& context) {
        try {
            db.transact(context, [&](Transaction& tx) {
                leases.fence(tx, lease);
                tx.execute("INSERT INTO marks (what) VALUES ('x')");
            });
            return true;
        } catch (const core::Error& error) {
            EXPECT_EQ(error.name(), core::errors::kLeaseLost.name) << error.what();
            return false;
        }
    }
};

/// What two hosts do to each other: SQLite has one.
class CoreLeasesOfTwoHosts : public CoreLeases {};

TEST_P(CoreLeases, TheHolderHoldsAndWrites) {
    makeMarks();
    Leases leases = here();
    const auto lease = leases.acquire("a");
    ASSERT_TRUE(lease);
    EXPECT_EQ(leases.acquire("a")->token, lease->token);
    EXPECT_TRUE(mark(leases, *lease, SystemContext("test")));
    EXPECT_TRUE(mark(leases, *lease, TenantContext(Uuid()))); // as the role of tenants, too
    EXPECT_EQ(rows(), 2);
    EXPECT_TRUE(leases.claimSlot(*lease, clock.now()));
    EXPECT_FALSE(lease->lost.stop_requested());
    leases.release("a");
    EXPECT_TRUE(lease->lost.stop_requested());
}

TEST_P(CoreLeasesOfTwoHosts, OneHolderAtATime) {
    Leases one = here();
    Leases two = there();
    const auto first = one.acquire("a");
    ASSERT_TRUE(first);
    EXPECT_FALSE(two.acquire("a"));
    EXPECT_TRUE(two.acquire("b"));
    EXPECT_FALSE(one.acquire("b"));
    one.release("a");
    const auto second = two.acquire("a");
    ASSERT_TRUE(second);
    EXPECT_GT(second->token, first->token);
    two.releaseAll();
    EXPECT_TRUE(one.acquire("a"));
    EXPECT_TRUE(one.acquire("b"));
}

TEST_P(CoreLeasesOfTwoHosts, IsRenewedByTheHostThatLives) {
    Leases one = here(1h);
    ASSERT_TRUE(one.acquire("a"));
    const auto before = expires("a");
    ASSERT_TRUE(await([&] { return clock.waiting() == 1; })) << "the thread that renews";
    clock.advance(20min);
    EXPECT_TRUE(await([&] { return expires("a") > before; }));
}

TEST_P(CoreLeasesOfTwoHosts, MovesWhenItIsNotRenewedAndTheOldHolderCannotWrite) {
    makeMarks();
    Leases one = here(300ms);
    Leases two = there();
    const auto old = one.acquire("a");
    ASSERT_TRUE(old);
    std::optional<Lease> taken;
    ASSERT_TRUE(await([&] { return (taken = two.acquire("a")).has_value(); }));
    EXPECT_GT(taken->token, old->token);
    // The old holder, as one that was stopped, still believes.
    const auto believed = one.acquire("a");
    ASSERT_TRUE(believed);
    EXPECT_FALSE(mark(one, *believed, SystemContext("test")));
    EXPECT_FALSE(mark(one, *believed, TenantContext(Uuid())));
    EXPECT_EQ(rows(), 0);
    EXPECT_FALSE(one.claimSlot(*believed, clock.now()));
    // Its next renewal tells it.
    clock.advance(100ms);
    EXPECT_TRUE(await([&] { return old->lost.stop_requested(); }));
    EXPECT_FALSE(one.acquire("a"));
    EXPECT_TRUE(mark(two, *taken, SystemContext("test")));
}

TEST_P(CoreLeasesOfTwoHosts, ATakeOverWaitsForTheUnitUnderWay) {
    makeMarks();
    Leases one = here(1500ms);
    Leases two = there();
    const auto lease = one.acquire("a");
    ASSERT_TRUE(lease);
    std::atomic<bool> fenced{false}, finish{false};
    std::jthread writer([&] {
        db.transact(SystemContext("test"), [&](Transaction& tx) {
            one.fence(tx, *lease);
            fenced = true;
            while (!finish) // busy, so that the server does not take it for stopped
                tx.query("SELECT pg_sleep(0.02)");
            tx.execute("INSERT INTO marks (what) VALUES ('x')");
        });
    });
    ASSERT_TRUE(await([&] { return fenced.load(); }));
    ASSERT_TRUE(await([&] {
        return otherDb
            ->run(SystemContext("test"),
                  {{"SELECT expires_us < extract(epoch FROM clock_timestamp()) * 1000000 "
                    "FROM core_leases WHERE name = 'a'"}},
                  false)
            .at(0)[0]
            .boolean(0);
    }));
    EXPECT_FALSE(two.acquire("a")); // it has ended, but somebody still writes under it
    finish = true;
    writer.join();
    EXPECT_TRUE(two.acquire("a"));
    EXPECT_EQ(rows(), 1);
}

TEST_P(CoreLeasesOfTwoHosts, AUnitThatStandsStillDoesNotKeepTheLease) {
    makeMarks();
    Leases one = here(300ms);
    Leases two = there();
    const auto lease = one.acquire("a");
    ASSERT_TRUE(lease);
    try {
        db.transact(SystemContext("test"), [&](Transaction& tx) {
            one.fence(tx, *lease);
            // As if the process were stopped here. (A thread has one unit of work at a time.)
            std::jthread([&] { EXPECT_TRUE(await([&] { return two.acquire("a").has_value(); })); }).join();
            tx.execute("INSERT INTO marks (what) VALUES ('x')");
        });
        ADD_FAILURE() << "the old holder wrote";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.name(), core::errors::kDatabase.name) << error.what();
    }
    EXPECT_EQ(rows(), 0);
}

TEST_P(CoreLeasesOfTwoHosts, APlannedTimeBeginsOnce) {
    Leases one = here();
    Leases two = there();
    const auto slot = clock.now();
    const auto first = one.acquire("a");
    EXPECT_TRUE(one.claimSlot(*first, slot));
    EXPECT_FALSE(one.claimSlot(*first, slot));
    one.release("a");
    const auto second = two.acquire("a");
    EXPECT_FALSE(two.claimSlot(*second, slot)); // the holder before has begun it
    EXPECT_TRUE(two.claimSlot(*second, slot + 1min));
    EXPECT_TRUE(two.claimSlot(*second, slot + 365 * 24h));
    EXPECT_TRUE(two.claimSlot(*second, slot + 2min)) << "the clock was a year ahead";
}

TEST_P(CoreLeasesOfTwoHosts, AJobOfOneHostRunsOnOneAndMovesToTheOther) {
    Leases one = here(300ms);
    Leases two = there(1h);
    std::atomic<int> runsHere{0}, runsThere{0};
    ThreadJobs jobsThere(fixture.log.logger(), otherClock, &two, "m");
    // The job's thread and the one that renews the leases.
    const auto idle = [](const FakeClock& of) { return await([&] { return of.waiting() == 2; }); };
    {
        ThreadJobs jobsHere(fixture.log.logger(), clock, &one, "m");
        jobsHere.add({"j", JobSpec::Planned{"5 2 * * *"}, true, [&](JobRun&) { ++runsHere; }});
        ASSERT_TRUE(idle(clock));
        clock.advance(5min);
        ASSERT_TRUE(await([&] { return runsHere == 1; }));
        EXPECT_TRUE(jobsHere.stats().at(0).holder);
        jobsThere.add({"j", JobSpec::Planned{"5 2 * * *"}, true, [&](JobRun&) { ++runsThere; }});
        ASSERT_TRUE(idle(otherClock));
        otherClock.advance(5min);
        ASSERT_TRUE(idle(otherClock));
    }
    // The host here is gone without a word: its clock stands still. The one there takes the job over, and
    // finds that the planned time has been run.
    ASSERT_TRUE(await([&] {
        otherClock.advance(30s);
        return jobsThere.stats().at(0).holder;
    }));
    ASSERT_TRUE(idle(otherClock));
    EXPECT_EQ(runsThere, 0);
    otherClock.advance(24h); // the next day's is its own
    EXPECT_TRUE(await([&] { return runsThere == 1; }));
    EXPECT_EQ(runsHere, 1);
}

BOTH_DATABASES(CoreLeases);
INSTANTIATE_TEST_SUITE_P(Db, CoreLeasesOfTwoHosts, testing::Values(Dialect::postgresql), dialectName);

} // namespace
} // namespace test
