#include <mutex>

#include "contract/db_fixture.h"
#include "event/queued_bus.h"
#include "support/await.h"
#include "wakeup/host_wakeups.h"

namespace test {
namespace {

using core::HostWakeups;
using core::event::QueuedBus;

struct Wide {
    static constexpr std::string_view kKey = "test.wide";
    static constexpr bool kCrossHost = true;
    int number = 0;
    std::string text = {};
};
const core::wire::Type& wireType(const Wide*) {
    static const auto type =
        core::wire::object<Wide>("Wide").field("number", &Wide::number).field("text", &Wide::text).build();
    return type;
}
struct Near {
    static constexpr std::string_view kKey = "test.near";
};
const core::wire::Type& wireType(const Near*) {
    static const auto type = core::wire::object<Near>("Near").build();
    return type;
}

/// One host: its bus, and what its subscribers got.
struct EventHost {
    EventHost(Database& db, TestLog& log, const core::Clock& clock, const std::string& name)
        : wakeups(db, log.logger(), name), bus(log.logger(), clock) {
        bus.share(wakeups, name);
        subscriptions.push_back(
            bus.subscribe<Wide>({.name = "typed"}, [this](const Wide& event) { keep(event.number); }));
        subscriptions.push_back(bus.subscribe<Near>({.name = "near"}, [this](const Near&) { keep(-4); }));
        wakeups.listen();
    }
    void keep(int what) {
        const std::lock_guard lock(mutex);
        got.push_back(what);
    }
    std::vector<int> seen() {
        const std::lock_guard lock(mutex);
        return got;
    }
    HostWakeups wakeups;
    QueuedBus bus;
    std::mutex mutex;
    std::vector<int> got;
    std::vector<core::event::Subscription> subscriptions;
};

class CoreEvents : public BothDatabases {
protected:
    TestDatabase fixture{GetParam()};
    EventHost here{fixture.db(), fixture.log, fixture.clock, "here"};
};
class CoreEventsOfTwoHosts : public CoreEvents {
protected:
    std::unique_ptr<Database> otherDb = fixture.openAnother();
    EventHost there{*otherDb, fixture.log, fixture.clock, "there"};
    void SetUp() override {
        ASSERT_TRUE(await([&] { return here.wakeups.hears() && there.wakeups.hears(); }));
    }
};

TEST_P(CoreEvents, AreDeliveredOnceWhereTheyHappen) {
    here.bus.publish(Wide{1});
    here.bus.publish(Wide{2});
    ASSERT_TRUE(await([&] { return here.seen().size() == 2; }));
    here.bus.stop(core::milliseconds(20000)); // whatever else there was has been delivered
    EXPECT_EQ(here.seen(), (std::vector<int>{1, 2}));
}

TEST_P(CoreEventsOfTwoHosts, CrossInOrderWhenTheyAskTo) {
    here.bus.publish(Near{});
    std::vector<int> expected;
    for (int i = 0; i < 200; ++i) {
        here.bus.publish(Wide{i, "x y"});
        expected.push_back(i);
    }
    EXPECT_TRUE(await([&] { return there.seen().size() >= 200; }));
    EXPECT_EQ(there.seen(), expected); // and nothing of Near
    ASSERT_TRUE(await([&] { return here.seen().size() == 201; }));
}

TEST_P(CoreEventsOfTwoHosts, OnesThatAreTooLargeStayAndAreLogged) {
    here.bus.publish(Wide{1, std::string(6001, 'x')});
    here.bus.publish(Wide{2});
    EXPECT_TRUE(await([&] { return !there.seen().empty(); }));
    EXPECT_EQ(there.seen(), std::vector<int>{2});
    EXPECT_NE(fixture.log.text().find("too large for the other hosts"), std::string::npos);
}

BOTH_DATABASES(CoreEvents);
INSTANTIATE_TEST_SUITE_P(Db, CoreEventsOfTwoHosts, testing::Values(Dialect::postgresql), dialectName);

} // namespace
} // namespace test
