#include <atomic>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "contract/db_fixture.h"
#include "core/db/walls.h"
#include "core/testing/fake_clock.h"
#include "core/testing/fake_metrics.h"
#include "event/deliveries.h"
#include "event/outbox.h"
#include "event/queued_bus.h"
#include "support/await.h"
#include "wakeup/host_wakeups.h"

namespace test {
namespace {

using namespace std::chrono_literals;
using core::HostWakeups;
using core::Leases;
using core::event::Bus;
using core::event::Catalogue;
using core::event::Declaration;
using core::event::Deliveries;
using core::event::Delivery;
using core::event::Outbox;
using core::event::QueuedBus;
using testing::ElementsAre;
using testing::HasSubstr;

/// What must not be lost.
struct Fact {
    static constexpr std::string_view kKey = "test.fact";
    static constexpr bool kDurable = true;
    Uuid tenant;
    int number = 0;
    std::string text = {};
};
const core::wire::Type& wireType(const Fact*) {
    static const auto type = core::wire::object<Fact>("Fact", core::wire::tolerant)
                                 .field("tenant_id", &Fact::tenant)
                                 .field("number", &Fact::number)
                                 .field("text", &Fact::text, {.maxLength = 2 * Outbox::kMaxFields})
                                 .build();
    return type;
}
struct Rumour {
    static constexpr std::string_view kKey = "test.rumour";
};
const core::wire::Type& wireType(const Rumour*) {
    static const auto type = core::wire::object<Rumour>("Rumour").build();
    return type;
}
struct Undeclared {
    static constexpr std::string_view kKey = "test.undeclared";
    static constexpr bool kDurable = true;
};
const core::wire::Type& wireType(const Undeclared*) {
    static const auto type = core::wire::object<Undeclared>("Undeclared").build();
    return type;
}

/// What a subscription got, and how its handler behaves.
class Ear {
public:
    std::function<void(const Fact&, const Delivery&)> hears = [](const Fact&, const Delivery&) {};
    void take(const Fact& fact, const Delivery& delivery) {
        {
            const std::lock_guard lock(mutex_);
            tried_.push_back(fact.number);
            attempts_.push_back(delivery.attempt);
        }
        hears(fact, delivery);
        const std::lock_guard lock(mutex_);
        got_.push_back(fact.number);
    }
    std::vector<int> got() const { return copy(got_); }
    std::vector<int> tried() const { return copy(tried_); }
    std::vector<int> attempts() const { return copy(attempts_); }

private:
    std::vector<int> copy(const std::vector<int>& of) const {
        const std::lock_guard lock(mutex_);
        return of;
    }
    mutable std::mutex mutex_;
    std::vector<int> got_, tried_, attempts_;
};

/// One host. Its clock stands still: nothing is looked for without a hint before a test moves it.
struct OutboxHost {
    OutboxHost(Database& database, TestLog& log, const std::string& name, core::milliseconds lease = 1h)
        : db(database), logger(log.logger()), wakeups(database, logger, name),
          leases(database, clock, logger, name, lease), outbox(database, clock, logger, wakeups),
          bus(logger, clock) {
        catalogue.add("test", {Declaration::of<Fact>(), Declaration::of<Rumour>()});
        bus.share(wakeups, name);
        bus.keep(catalogue, outbox);
        wakeups.listen();
    }
    Deliveries& subscribe(const std::string& name, Ear& ear, core::event::DeliveryOptions options = {}) {
        modules.push_back(std::make_unique<Deliveries>(outbox, wakeups, clock, logger, &leases, options));
        modules.back()->add(name, std::string(Fact::kKey),
                            [&ear](const Bus::Message& message, const Delivery& d) {
                                ear.take(Bus::eventOf<Fact>(message), d);
                            });
        modules.back()->open();
        modules.back()->start();
        return *modules.back();
    }
    void publish(int number, const Uuid& tenant = Uuid()) {
        db.transact(TenantContext(tenant), [&](Transaction& tx) {
            bus.publishWith(tx, Fact{tenant, number});
        });
    }
    Database& db;
    core::Logger logger;
    FakeClock clock;
    HostWakeups wakeups;
    Leases leases;
    Outbox outbox;
    Catalogue catalogue;
    QueuedBus bus;
    std::vector<std::unique_ptr<Deliveries>> modules;
};

class CoreOutbox : public BothDatabases {
protected:
    TestDatabase fixture{GetParam(), {core::db::coreMigrations(GetParam())}};
    Database& db = fixture.db();
    Ear ear, other; // outlive the hosts
    OutboxHost host{db, fixture.log, "here"};

    std::int64_t count(const std::string& table) {
        return db.run(SystemContext("test"), {{"SELECT count(*) FROM " + table}}, false).at(0)[0].integer(0);
    }
    static std::vector<int> upTo(int last, int first = 1) {
        std::vector<int> all;
        for (int i = first; i <= last; ++i)
            all.push_back(i);
        return all;
    }
};
class CoreOutboxOfTwoHosts : public CoreOutbox {
protected:
    std::unique_ptr<Database> otherDb = fixture.openAnother();
    OutboxHost second{*otherDb, fixture.log, "there"};
    void SetUp() override {
        ASSERT_TRUE(await([&] { return host.wakeups.hears() && second.wakeups.hears(); }));
    }
};

TEST_P(CoreOutbox, DeliversWhatWasCommittedInOrder) {
    std::atomic<int> ordinary{0};
    const auto subscription =
        host.bus.subscribe<Fact>({.name = "ordinary"}, [&](const Fact&) { ++ordinary; });
    host.subscribe("test.ear", ear);
    for (int i = 1; i <= 250; ++i)
        host.publish(i);
    EXPECT_THROW(db.transact(TenantContext(Uuid()),
                             [&](Transaction& tx) {
                                 host.bus.publishWith(tx, Fact{Uuid(), 1000});
                                 throw std::runtime_error("undone");
                             }),
                 std::runtime_error);
    db.transact(SystemContext("test"), [&](Transaction& tx) { // several of one unit, of several tenants
        for (int i = 251; i <= 253; ++i)
            host.bus.publishWith(tx, Fact{newId(), i});
    });
    EXPECT_TRUE(await([&] { return ear.got().size() >= 253; }));
    host.modules.clear();
    EXPECT_EQ(ear.got(), upTo(253));
    EXPECT_EQ(ear.attempts(), std::vector<int>(253, 1));
    EXPECT_TRUE(await([&] { return ordinary == 253; }));
    EXPECT_EQ(host.outbox.counted("test.ear", Outbox::Outcome::delivered), 253U);
}

TEST_P(CoreOutbox, NothingIsKeptThatNobodyAskedFor) {
    host.publish(1);
    EXPECT_EQ(count("core_outbox"), 0);
    host.subscribe("test.ear", ear); // begins now
    host.publish(2);
    EXPECT_TRUE(await([&] { return ear.got() == std::vector<int>{2}; }));
}

TEST_P(CoreOutbox, ItsPositionSurvivesARestart) {
    host.subscribe("test.ear", ear);
    host.publish(1);
    ASSERT_TRUE(await([&] { return ear.got().size() == 1; }));
    host.modules.clear();
    host.publish(2);
    host.publish(3);
    host.subscribe("test.ear", ear);
    host.publish(4);
    EXPECT_TRUE(await([&] { return ear.got().size() >= 4; }));
    host.modules.clear();
    EXPECT_EQ(ear.got(), upTo(4));
    // A name that was not there before is another subscription.
    host.subscribe("test.other", other);
    host.publish(5);
    EXPECT_TRUE(await([&] { return other.got() == std::vector<int>{5}; }));
}

TEST_P(CoreOutbox, OfConcurrentUnitsNoneIsLostAndEachThreadsOrderIsKept) {
    constexpr int kThreads = 8, kEach = 60;
    host.subscribe("test.ear", ear);
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < kEach; ++i)
                db.transact(TenantContext(Uuid()), [&](Transaction& tx) {
                    host.bus.publishWith(tx, Fact{Uuid(), t * 1000 + i});
                    if (postgres() && (t + i) % 3 == 0) // some commit long after they have written
                        tx.query("SELECT pg_sleep(0.01)");
                });
        });
    threads.clear();
    EXPECT_TRUE(await([&] { return ear.got().size() >= kThreads * kEach; }));
    host.modules.clear();
    std::map<int, std::vector<int>> byThread;
    for (const int number : ear.got())
        byThread[number / 1000].push_back(number % 1000);
    ASSERT_EQ(byThread.size(), kThreads);
    for (const auto& [thread, numbers] : byThread)
        EXPECT_EQ(numbers, upTo(kEach - 1, 0)) << "thread " << thread;
}

TEST_P(CoreOutbox, AFailureIsTriedAgainWithLongerPausesAndHoldsUpItsOwnOnly) {
    std::atomic<bool> ill{true};
    ear.hears = [&](const Fact& fact, const Delivery&) {
        if (fact.number == 1 && ill)
            throw std::runtime_error("no room for it");
    };
    host.subscribe("test.ear", ear);
    host.subscribe("test.other", other);
    const auto idle = [&] { // both jobs, and on PostgreSQL the thread of the leases
        return await([&] { return host.clock.waiting() == (postgres() ? 3 : 2); });
    };
    host.publish(1);
    host.publish(2);
    ASSERT_TRUE(await([&] { return other.got() == upTo(2); }));
    ASSERT_TRUE(await([&] { return ear.tried().size() == 1; }));
    ASSERT_TRUE(idle());
    host.clock.advance(999ms);
    ASSERT_TRUE(idle());
    EXPECT_EQ(ear.attempts(), (std::vector<int>{1}));
    host.clock.advance(1ms);
    ASSERT_TRUE(await([&] { return ear.tried().size() == 2; }));
    ASSERT_TRUE(idle());
    host.clock.advance(1999ms);
    ASSERT_TRUE(idle());
    EXPECT_EQ(ear.attempts(), (std::vector<int>{1, 2}));
    ill = false;
    host.clock.advance(1ms);
    EXPECT_TRUE(await([&] { return ear.got() == upTo(2); }));
    EXPECT_EQ(ear.attempts(), (std::vector<int>{1, 2, 3, 1}));
    EXPECT_EQ(host.outbox.counted("test.ear", Outbox::Outcome::failed), 2U);
    EXPECT_THAT(fixture.log.text(), HasSubstr("no room for it"));
}

TEST_P(CoreOutbox, AfterItsTriesAnEventIsSetAsideAndTheNextOneComes) {
    ear.hears = [&](const Fact& fact, const Delivery&) {
        if (fact.number == 1)
            throw std::runtime_error("never");
    };
    host.subscribe("test.ear", ear, {.tries = 3, .firstPause = 0ms});
    const auto tenant = newId();
    host.publish(1, tenant);
    host.publish(2, tenant);
    EXPECT_TRUE(await([&] { return ear.got() == std::vector<int>{2}; }));
    EXPECT_EQ(ear.attempts(), (std::vector<int>{1, 2, 3, 1}));
    EXPECT_EQ(host.outbox.counted("test.ear", Outbox::Outcome::dead), 1U);
    EXPECT_THAT(fixture.log.text(), HasSubstr("could not be delivered and is set aside"));
    const auto dead = db.run(
        SystemContext("test"),
        {{"SELECT subscription, tenant_id, event, fields, tries, error FROM core_outbox_dead"}}, false);
    ASSERT_EQ(dead.at(0).size(), 1U);
    const auto& row = dead.at(0)[0];
    EXPECT_EQ(row.text(0), "test.ear");
    EXPECT_EQ(row.uuid(1), tenant);
    EXPECT_EQ(row.text(2), "test.fact");
    EXPECT_THAT(row.text(3), HasSubstr(R"("number":1)"));
    EXPECT_EQ(row.integer(4), 3);
    EXPECT_EQ(row.text(5), "never");
    // It is not kept for ever either.
    host.clock.advance(24h * 8);
    host.outbox.tidy();
    EXPECT_EQ(count("core_outbox_dead"), 0);
}

TEST_P(CoreOutbox, ADamagedEventIsSetAsideAndTheNextOneComes) {
    host.outbox.open("test.ear", "test.fact");
    const auto sick = newId();
    host.publish(1, sick);
    host.publish(2, newId());
    const auto damage = [&](const std::string& what) {
        db.run(SystemContext("test"), {{"UPDATE core_outbox SET " + what + " WHERE tenant_id = $1", {sick}}},
               true);
    };
    damage("fields = '{'");
    if (!postgres())
        damage("created_us = 'x'");
    host.subscribe("test.ear", ear, {.tries = 2, .firstPause = 0ms});
    EXPECT_TRUE(await([&] { return ear.got() == std::vector<int>{2}; }));
    EXPECT_EQ(host.outbox.counted("test.ear", Outbox::Outcome::dead), 1U);
    EXPECT_THAT(fixture.log.text(), HasSubstr(sick.toString()));
}

TEST_P(CoreOutbox, TriesAreCountedOverTheDeathsOfTheHost) {
    const Outbox::Fence unfenced = [](Transaction&) {};
    host.outbox.open("test.ear", "test.fact");
    host.publish(1);
    host.publish(2);
    const auto due = [&] { return host.outbox.due("test.ear", "test.fact", 10); };
    ASSERT_EQ(due().events.size(), 2U);
    host.outbox.begin("test.ear", 2, unfenced); // and the process is gone
    EXPECT_EQ(due().tries, 2);
    ear.hears = [&](const Fact& fact, const Delivery& delivery) {
        if (fact.number == 1) {
            EXPECT_EQ(due().tries, delivery.attempt) << "is not noted before the try";
        }
    };
    host.subscribe("test.ear", ear);
    EXPECT_TRUE(await([&] { return ear.got() == upTo(2); }));
    EXPECT_EQ(ear.attempts(), (std::vector<int>{3, 1}));
    host.modules.clear();
    host.publish(3);
    host.publish(4);
    host.outbox.begin("test.ear", 10, unfenced);
    host.subscribe("test.ear", ear);
    EXPECT_TRUE(await([&] { return ear.got() == (std::vector<int>{1, 2, 4}); }));
    EXPECT_EQ(count("core_outbox_dead"), 1);
    EXPECT_THAT(fixture.log.text(), HasSubstr("the host ended during the last try"));
}

TEST_P(CoreOutbox, RowsGoWhenAllHaveThem) {
    host.outbox.open("test.ear", "test.fact");
    host.outbox.open("test.other", "test.fact");
    constexpr int kMany = 1100; // more than are removed at once
    db.transact(SystemContext("test"), [&](Transaction& tx) {
        for (int i = 1; i <= kMany; ++i)
            host.bus.publishWith(tx, Fact{Uuid(), i});
    });
    host.subscribe("test.ear", ear);
    ASSERT_TRUE(await([&] { return ear.got().size() == kMany; }));
    host.modules.clear();
    host.outbox.tidy();
    EXPECT_EQ(count("core_outbox"), kMany); // the other one has none of them
    host.subscribe("test.other", other);
    ASSERT_TRUE(await([&] { return other.got().size() == kMany; }));
    host.modules.clear();
    host.outbox.tidy();
    EXPECT_EQ(count("core_outbox"), 0);
    EXPECT_EQ(other.got(), upTo(kMany));
    // Positions go on where they were although there is no row.
    host.subscribe("test.ear", ear);
    host.publish(kMany + 1);
    EXPECT_TRUE(await([&] { return ear.got().size() == kMany + 1; }));
}

TEST_P(CoreOutbox, RowsGoWhileItDelivers) {
    host.subscribe("test.ear", ear);
    db.transact(SystemContext("test"), [&](Transaction& tx) {
        for (int i = 1; i <= 1200; ++i)
            host.bus.publishWith(tx, Fact{Uuid(), i});
    });
    ASSERT_TRUE(await([&] { return ear.got().size() == 1200; }));
    EXPECT_TRUE(await([&] { return count("core_outbox") <= 200; }));
}

TEST_P(CoreOutbox, ASubscriptionThatNoHostHasIsForgottenAfterAWhile) {
    host.subscribe("test.ear", ear);
    host.outbox.open("test.gone", "test.fact");
    host.publish(1);
    ASSERT_TRUE(await([&] { return ear.got().size() == 1; }));
    host.clock.advance(24h * 6);
    host.outbox.tidy();
    EXPECT_EQ(count("core_outbox"), 1);
    EXPECT_EQ(count("core_outbox_subscriptions"), 2);
    host.outbox.open("test.ear", "test.fact"); // as its deliveries say now and then
    host.clock.advance(24h * 2);
    host.outbox.tidy();
    EXPECT_EQ(count("core_outbox"), 0);
    EXPECT_EQ(count("core_outbox_subscriptions"), 1);
    EXPECT_THAT(fixture.log.text(), HasSubstr("a durable subscription that no host has had for long"));
    EXPECT_THAT(fixture.log.text(), HasSubstr("test.gone"));
    // What only the forgotten one asked for goes too.
    host.modules.clear();
    host.publish(2);
    host.clock.advance(24h * 8);
    host.outbox.tidy();
    EXPECT_EQ(count("core_outbox"), 0);
    EXPECT_EQ(count("core_outbox_subscriptions"), 0);
}

TEST_P(CoreOutbox, ASubscriptionThatIsLoadedIsNotForgotten) {
    host.subscribe("test.ear", ear);
    const auto seen = [&] {
        return db.run(SystemContext("test"), {{"SELECT seen_us FROM core_outbox_subscriptions"}}, false)
            .at(0)[0]
            .instant(0);
    };
    host.publish(1);
    ASSERT_TRUE(await([&] { return ear.got().size() == 1; }));
    const auto before = seen();
    ASSERT_TRUE(await([&] { return host.clock.waiting() == (postgres() ? 2 : 1); }));
    host.clock.advance(30h); // nothing happens, but its host has it
    EXPECT_TRUE(await([&] { return seen() > before; }));
}

TEST_P(CoreOutbox, WhatIsTooLargeOrNotDeclaredUndoesTheUnit) {
    host.outbox.open("test.ear", "test.fact");
    const auto refused = [&](auto event) {
        return std::string(errorOf([&] {
                               db.transact(TenantContext(Uuid()), [&](Transaction& tx) {
                                   host.bus.publishWith(tx, Fact{});
                                   host.bus.publishWith(tx, event);
                               });
                           }).what());
    };
    EXPECT_THAT(refused(Fact{Uuid(), 1, std::string(Outbox::kMaxFields, 'x')}),
                HasSubstr("a durable event may have 1048576"));
    EXPECT_EQ(refused(Undeclared{}),
              "The event test.undeclared is declared by no module; name it in events() of "
              "the module test.");
    EXPECT_EQ(count("core_outbox"), 0);
    db.transact(TenantContext(Uuid()), [&](Transaction& tx) {
        host.bus.publishWith(tx, Rumour{}); // not durable: no row
    });
    EXPECT_EQ(count("core_outbox"), 0);
}

TEST_P(CoreOutbox, TheWallsHold) {
    EXPECT_THAT(core::db::checkWalls(db), ElementsAre());
    host.outbox.open("test.ear", "test.fact");
    const auto mine = newId(), theirs = newId();
    host.publish(1, mine);
    ASSERT_EQ(count("core_outbox"), 1);
    if (!postgres())
        return; // the second wall is PostgreSQL's
    EXPECT_THROW(db.transact(TenantContext(mine),
                             [&](Transaction& tx) {
                                 host.bus.publishWith(tx, Fact{theirs, 2});
                             }),
                 std::exception);
    for (const char* statement :
         {"SELECT count(*) FROM core_outbox", "SELECT count(*) FROM core_outbox_dead",
          "DELETE FROM core_outbox", "UPDATE core_outbox_subscriptions SET position = 0"})
        EXPECT_THROW(db.run(TenantContext(mine), {{statement}}, true), std::exception) << statement;
    EXPECT_EQ(count("core_outbox"), 1);
}

TEST_P(CoreOutbox, TellsWhatWaits) {
    FakeMetrics metrics;
    host.outbox.registerMetrics(metrics);
    host.outbox.open("test.ear", "test.fact");
    host.outbox.open("test.other", "test.other");
    host.publish(1);
    host.publish(2);
    host.clock.advance(90s);
    const auto value = [&](const std::string& name, const std::string& subscription) {
        double found = -1;
        for (const auto& sample : metrics.samples(name, SystemContext("test")))
            if (sample.labels.at("subscription") == subscription)
                found = sample.value;
        return found;
    };
    EXPECT_EQ(value("ae_outbox_pending", "test.ear"), 2);
    EXPECT_EQ(value("ae_outbox_oldest_seconds", "test.ear"), 90);
    EXPECT_EQ(value("ae_outbox_pending", "test.other"), 0);
    EXPECT_EQ(value("ae_outbox_oldest_seconds", "test.other"), 0);
    host.subscribe("test.ear", ear);
    ASSERT_TRUE(await([&] { return host.outbox.counted("test.ear", Outbox::Outcome::delivered) == 2; }));
    EXPECT_EQ(value("ae_outbox_pending", "test.ear"), 0);
    EXPECT_EQ(value("ae_outbox_total", "test.ear"), 2);
}

TEST_P(CoreOutboxOfTwoHosts, OneDeliversWhatAnyPublishes) {
    host.subscribe("test.ear", ear);
    host.publish(1);
    ASSERT_TRUE(await([&] { return ear.got().size() == 1; })); // the host here has the subscription
    second.subscribe("test.ear", other);
    for (int i = 2; i <= 50; ++i)
        (i % 2 == 0 ? second : host).publish(i);
    EXPECT_TRUE(await([&] { return ear.got().size() >= 50; }));
    EXPECT_EQ(ear.got(), upTo(50));
    EXPECT_TRUE(other.tried().empty());
    // A clean stop hands over; the other one looks by itself.
    host.modules.clear();
    host.leases.releaseAll();
    host.publish(51);
    EXPECT_TRUE(await([&] {
        second.clock.advance(10s);
        return other.got() == std::vector<int>{51};
    }));
}

TEST_P(CoreOutboxOfTwoHosts, AHostThatLostTheSubscriptionWritesNothing) {
    std::atomic<bool> inside{false}, finish{false};
    ear.hears = [&](const Fact&, const Delivery&) {
        inside = true;
        EXPECT_TRUE(await([&] { return finish.load(); }));
    };
    OutboxHost stale(db, fixture.log, "stale", 300ms);
    stale.subscribe("test.ear", ear);
    stale.publish(1);
    ASSERT_TRUE(await([&] { return inside.load(); }));
    second.subscribe("test.ear", other); // its lease has not been renewed: the clock there stands still
    EXPECT_TRUE(await([&] {
        second.clock.advance(10s);
        return other.got() == std::vector<int>{1};
    }));
    second.publish(2);
    ASSERT_TRUE(await([&] { return other.got().size() == 2; }));
    finish = true;
    EXPECT_TRUE(
        await([&] { return fixture.log.text().find("no longer holds the lease") != std::string::npos; }));
    second.publish(3);
    EXPECT_TRUE(await([&] { return other.got() == upTo(3); }));
    EXPECT_EQ(stale.outbox.counted("test.ear", Outbox::Outcome::delivered), 0U);
}

BOTH_DATABASES(CoreOutbox);
INSTANTIATE_TEST_SUITE_P(Db, CoreOutboxOfTwoHosts, testing::Values(Dialect::postgresql), dialectName);

} // namespace
} // namespace test
