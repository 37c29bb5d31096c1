#include <map>
#include <mutex>

#include <fmt/format.h>

#include "contract/db_fixture.h"
#include "support/await.h"
#include "wakeup/host_wakeups.h"

namespace test {
namespace {

using core::HostWakeups;

/// Keeps what it hears.
class Ear {
public:
    Ear(HostWakeups& host, const std::string& topic)
        : subscription_(host.subscribe(topic, [this](std::optional<std::string_view> key) {
              const std::lock_guard lock(mutex_);
              ++heard_[key ? std::string(*key) : "(anything)"];
          })) {}
    int count(const std::string& key) {
        const std::lock_guard lock(mutex_);
        return heard_[key];
    }
    std::size_t keys() {
        const std::lock_guard lock(mutex_);
        return heard_.size();
    }
    bool hears(const std::string& key, int times = 1) {
        return await([&] { return count(key) >= times; });
    }

private:
    std::mutex mutex_;
    std::map<std::string, int> heard_;
    core::WakeupSubscription subscription_; // last: it uses the above
};

class CoreWakeups : public BothDatabases {
protected:
    TestDatabase fixture{GetParam(), {core::db::coreMigrations(GetParam())}};
    Database& db = fixture.db();
    HostWakeups here{db, fixture.log.logger(), "here"};
    Ear near{here, "topic"};
};

class CoreWakeupsOfTwoHosts : public CoreWakeups {
protected:
    std::unique_ptr<Database> otherDb = fixture.openAnother();
    HostWakeups there{*otherDb, fixture.log.logger(), "there"};
    Ear far{there, "topic"};

    void SetUp() override {
        here.listen();
        there.listen();
        ASSERT_TRUE(await([&] { return here.hears() && there.hears(); }));
        ASSERT_TRUE(near.hears("(anything)") && far.hears("(anything)"));
    }
};

TEST_P(CoreWakeups, ReachesThisHostBeforeItReturns) {
    Ear other(here, "other");
    here.publish("topic", "a");
    EXPECT_EQ(near.count("a"), 1);
    EXPECT_EQ(other.keys(), 0U);
}

TEST_P(CoreWakeups, ReachesNobodyBeforeTheCommitAndNobodyWithoutOne) {
    db.transact(SystemContext("test"), [&](Transaction& tx) {
        here.publish(tx, "topic", "kept");
        tx.query("SELECT 1");
        EXPECT_EQ(near.count("kept"), 0);
    });
    EXPECT_EQ(near.count("kept"), 1);
    EXPECT_THROW(db.transact(SystemContext("test"),
                             [&](Transaction& tx) {
                                 here.publish(tx, "topic", "undone");
                                 tx.query("SELECT 1");
                                 throw std::runtime_error("no");
                             }),
                 std::runtime_error);
    EXPECT_EQ(near.count("undone"), 0);
}

TEST_P(CoreWakeups, AHandlerThatThrowsHarmsNobody) {
    const auto bad = here.subscribe("topic", [](auto) { throw std::runtime_error("kaputt"); });
    Ear late(here, "topic");
    here.publish("topic", "a");
    EXPECT_EQ(near.count("a"), 1);
    EXPECT_EQ(late.count("a"), 1);
    EXPECT_NE(fixture.log.text().find("kaputt"), std::string::npos);
}

TEST_P(CoreWakeupsOfTwoHosts, ReachesTheOtherHostAndOnesOwnOnce) {
    here.publish("topic", "a");
    EXPECT_TRUE(far.hears("a"));
    there.publish("topic", "back"); // behind its own copy of "a" in the channel
    EXPECT_TRUE(near.hears("back"));
    EXPECT_EQ(near.count("a"), 1);
    EXPECT_EQ(far.count("a"), 1);
}

TEST_P(CoreWakeupsOfTwoHosts, ManyAtOnceAllArrive) {
    constexpr int kMany = 3000; // of 36 bytes: more than one message holds
    for (int i = 0; i < kMany; ++i)
        here.publish("topic", fmt::format("{:036}", i));
    EXPECT_TRUE(await([&] { return far.keys() == kMany + 1; })) << far.keys();
}

TEST_P(CoreWakeupsOfTwoHosts, AKeyThatIsTooLongBecomesAnything) {
    here.publish("topic", std::string(7001, 'x'));
    here.publish("topic", std::string(6000, '\x01')); // six times as long in JSON
    EXPECT_TRUE(far.hears("(anything)", 2));
    here.publish("topic", std::string(7000, 'y'));
    EXPECT_TRUE(far.hears(std::string(7000, 'y')));
}

TEST_P(CoreWakeupsOfTwoHosts, AfterALossOfTheConnectionAnythingMayHaveChanged) {
    const auto ended = TestCluster::instance().admin(
        fmt::format("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}' AND "
                    "query LIKE 'LISTEN%'",
                    fixture.name()));
    EXPECT_EQ(ended, "2");
    EXPECT_TRUE(near.hears("(anything)", 2));
    EXPECT_TRUE(far.hears("(anything)", 2));
    here.publish("topic", "again");
    EXPECT_TRUE(far.hears("again"));
}

TEST_P(CoreWakeupsOfTwoHosts, WhoDoesNotListenIsHeardAsWell) {
    {
        HostWakeups command(db, fixture.log.logger(), "command"); // a command that ends at once
        command.publish("topic", "from a command");
    }
    EXPECT_TRUE(far.hears("from a command"));
}

BOTH_DATABASES(CoreWakeups);
INSTANTIATE_TEST_SUITE_P(Db, CoreWakeupsOfTwoHosts, testing::Values(Dialect::postgresql), dialectName);

} // namespace
} // namespace test
