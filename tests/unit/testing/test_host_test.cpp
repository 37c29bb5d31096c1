#include "core/testing/test_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace core::testkit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct Rang {
    static constexpr std::string_view kKey = "bell.rang";
    int times = 0;
};
const wire::Type& wireType(const Rang*) {
    static const auto type = wire::object<Rang>("Rang").field("times", &Rang::times).build();
    return type;
}
/// Must not be lost: somebody has to climb up.
struct Cracked {
    static constexpr std::string_view kKey = "bell.cracked";
    static constexpr bool kDurable = true;
    int where = 0;
};
const wire::Type& wireType(const Cracked*) {
    static const auto type = wire::object<Cracked>("Cracked").field("where", &Cracked::where).build();
    return type;
}
struct Stolen {
    static constexpr std::string_view kKey = "bell.stolen";
};
const wire::Type& wireType(const Stolen*) {
    static const auto type = wire::object<Stolen>("Stolen").build();
    return type;
}

/// Rings: by request, by event and by job.
class BellModule final : public Module {
public:
    explicit BellModule(std::vector<std::string>& life) : life_(life) {}
    std::string_view name() const override { return "bell"; }
    std::string_view version() const override { return "1.0.0"; }
    std::vector<config::Setting> settings() const override {
        return {{.key = "bell.times", .type = config::SettingType::integer, .defaultValue = "1"}};
    }
    std::vector<db::Migration> migrations(db::Dialect) const override {
        return {{1, "create rings",
                 "CREATE TABLE bell_rings (tenant_id TEXT NOT NULL REFERENCES tenants (id), times INTEGER)",
                 "0"}};
    }
    void initialize(ModuleContext& context) override {
        context_ = &context;
        life_.push_back("initialize");
    }
    std::vector<http::Route> routes() override {
        std::vector<http::Route> routes;
        routes.push_back({.method = "POST",
                          .path = "/api/v1/bell",
                          .summary = "Ring",
                          .permission = http::Permission::role("bell.ring", http::Role::operator_),
                          .audit = http::Audit::action("bell.rang"),
                          .handler = [this](http::Request& request) { return ring(request); }});
        return routes;
    }
    std::vector<event::Declaration> events() const override {
        return {event::Declaration::of<Rang>(), event::Declaration::of<Cracked>()};
    }
    std::vector<EventHandler> eventHandlers() override {
        return {
            EventHandler::durable<Cracked>("bell.smith",
                                           [this](const Cracked& cracked, const event::Delivery& delivery) {
                                               life_.push_back("crack " + std::to_string(cracked.where) +
                                                               " try " + std::to_string(delivery.attempt));
                                               if (std::filesystem::exists(context_->dataDir() / "ill"))
                                                   throw std::runtime_error("the smith is ill");
                                           }),
            EventHandler::on<Rang>({.name = "deaf"},
                                   [](const Rang& rang) {
                                       if (rang.times > 2)
                                           throw std::runtime_error("too loud");
                                   }),
            EventHandler::on<Rang>({.name = "ear"}, [this](const Rang&) { life_.push_back("heard"); })};
    }
    std::vector<HealthCheck> healthChecks() override {
        return {{"rope", [this] {
                     if (std::filesystem::exists(context_->dataDir() / "torn"))
                         throw Error(errors::kUnavailable, "the rope is torn");
                 }}};
    }
    void start() override {
        life_.push_back("start");
        context_->jobs().every("bell.hour", std::chrono::hours(1),
                               [this](const auto&) { context_->events().publish(Rang{3}); });
    }
    void stop() noexcept override { life_.push_back("stop"); }

private:
    http::Outcome ring(http::Request& request) {
        const auto times = context_->config().integer("bell.times");
        context_->database().transact(request.tenant(), [&](db::Transaction& tx) {
            tx.execute("INSERT INTO bell_rings (tenant_id, times) VALUES ($1, $2)", {tx.tenant(), times});
            request.audit().object("bell", "1");
            context_->events().publishWith(tx, Rang{static_cast<int>(times)});
        });
        return http::Response::empty();
    }
    std::vector<std::string>& life_;
    ModuleContext* context_ = nullptr;
};

class TestHostTest : public testing::Test {
protected:
    std::shared_ptr<Module> bell() { return std::make_shared<BellModule>(life_); }
    std::vector<std::string> life_;
};

TEST_F(TestHostTest, LivesAsInAHost) {
    {
        TestHost host(bell());
        EXPECT_TRUE(life_.empty());
        host.start();
        EXPECT_THAT(life_, ElementsAre("initialize", "start"));
        EXPECT_THAT(host.jobs().names(), ElementsAre("bell.hour"));
        EXPECT_EQ(std::get<JobSpec::Every>(host.jobs().spec("bell.hour").when).interval,
                  std::chrono::hours(1));
    }
    EXPECT_THAT(life_, ElementsAre("initialize", "start", "stop"));
}

TEST_F(TestHostTest, ARequestIsJudgedStoredAuditedAndTold) {
    TestHost host(bell(), {{"bell.times", "2"}});
    host.start();
    EXPECT_EQ(host.asNobody().post("/api/v1/bell", {}).status, 401);
    EXPECT_EQ(host.as(http::Role::viewer).post("/api/v1/bell", {}).error(), "InsufficientPermissions");
    EXPECT_THAT(host.audited(), SizeIs(0));
    EXPECT_EQ(host.as(http::Role::admin).post("/api/v1/bell", {}).status, 204);
    ASSERT_THAT(host.audited(), SizeIs(1));
    EXPECT_EQ(host.audited()[0].action, "bell.rang");
    EXPECT_EQ(host.audited()[0].objectType, "bell");
    EXPECT_EQ(host.audited()[0].actorName, "admin@example.com");
    ASSERT_THAT(host.bus().of<Rang>(), SizeIs(1));
    EXPECT_EQ(host.bus().of("bell.rang")[0].integerOr("times"), 2);
    EXPECT_EQ(life_.back(), "heard");
    const auto stored = host.database().read(TenantContext(host.tenant()), [](db::Transaction& tx) {
        return tx.query("SELECT times FROM bell_rings WHERE tenant_id = $1", {tx.tenant()})[0].integer(0);
    });
    EXPECT_EQ(stored, 2);
    EXPECT_NE(host.openApi().find("paths")->find("/api/v1/bell"), nullptr);
}

TEST_F(TestHostTest, AHandlersExceptionIsKeptAndTheOthersHear) {
    TestHost host(bell());
    host.start();
    host.jobs().run("bell.hour");
    EXPECT_THAT(host.bus().failures(), ElementsAre(HasSubstr("deaf: ")));
    EXPECT_THAT(host.bus().failures(), ElementsAre(HasSubstr("too loud")));
    EXPECT_EQ(life_.back(), "heard");
    EXPECT_THROW(host.jobs().run("bell.minute"), std::logic_error);
}

TEST_F(TestHostTest, ADurableSubscriptionWaitsUntilItIsTriedAgain) {
    TestHost host(bell());
    host.start();
    const auto crack = [&](int where) {
        host.database().transact(TenantContext(host.tenant()), [&](db::Transaction& tx) {
            host.context().events().publishWith(tx, Cracked{where});
            EXPECT_EQ(life_.back(), where == 1 ? "start" : "crack 1 try 1"); // not before the commit
        });
    };
    writeFile(host.dataDir() / "ill", "");
    crack(1);
    EXPECT_THAT(host.bus().failures(), ElementsAre("bell.smith: the smith is ill"));
    crack(2);
    EXPECT_EQ(life_.back(), "crack 1 try 2"); // in order: the second waits
    std::filesystem::remove(host.dataDir() / "ill");
    host.bus().retry();
    EXPECT_EQ(life_.back(), "crack 2 try 1");
    EXPECT_EQ(*(life_.end() - 2), "crack 1 try 3");
    host.bus().repeatLast("bell.smith");
    EXPECT_EQ(life_.back(), "crack 2 try 2");
    EXPECT_THROW(host.bus().repeatLast("bell.painter"), std::logic_error);
    EXPECT_THAT(host.bus().of<Cracked>(), SizeIs(2));

    const auto before = life_.size();
    EXPECT_THROW(host.database().transact(TenantContext(host.tenant()),
                                          [&](db::Transaction& tx) {
                                              host.context().events().publishWith(tx, Cracked{3});
                                              throw std::runtime_error("undone");
                                          }),
                 std::runtime_error);
    EXPECT_EQ(life_.size(), before);
}

TEST_F(TestHostTest, ADurableHandlerThatPublishesADurableEventIsNotCalledFromWithin) {
    TestHost host(bell());
    host.start();
    auto& bus = host.bus();
    std::vector<std::string> calls;
    bus.subscribeDurably("test.echo", std::string(Cracked::kKey),
                         [&](const event::Bus::Message& message, const event::Delivery&) {
                             const auto where = event::Bus::eventOf<Cracked>(message).where;
                             calls.push_back("begin " + std::to_string(where));
                             if (where < 3)
                                 host.database().transact(
                                     TenantContext(host.tenant()), [&](db::Transaction& tx) {
                                         host.context().events().publishWith(tx, Cracked{where + 1});
                                     });
                             calls.push_back("end " + std::to_string(where));
                         });
    host.database().transact(TenantContext(host.tenant()), [&](db::Transaction& tx) {
        host.context().events().publishWith(tx, Cracked{1});
    });
    EXPECT_THAT(calls, ElementsAre("begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"));
    EXPECT_THAT(bus.failures(), ElementsAre());
}

TEST_F(TestHostTest, AnEventOfItsOwnThatItDoesNotDeclareIsRefused) {
    TestHost host(bell());
    host.start();
    try {
        host.context().events().publish(Stolen{});
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "The event bell.stolen is declared by no module; name it in events() of the "
                     "module bell.");
    }
}

TEST_F(TestHostTest, SettingsAndHealthAreTheModules) {
    EXPECT_THROW(TestHost(bell(), {{"bell.times", "often"}}), Error);
    EXPECT_THROW(TestHost(bell(), {{"bell.unknown", "1"}}), Error);
    TestHost host(bell());
    host.start();
    EXPECT_EQ(host.health("rope"), "");
    writeFile(host.dataDir() / "torn", "");
    EXPECT_THAT(host.health("rope"), HasSubstr("the rope is torn"));
    EXPECT_THROW(static_cast<void>(host.health("clapper")), std::logic_error);
}

TEST_F(TestHostTest, ASubscriptionEndsWithItsToken) {
    RecordingBus bus;
    int heard = 0;
    {
        const auto subscription = bus.subscribe<Rang>({.name = "ear"}, [&](const Rang&) { ++heard; });
        bus.publish(Rang{1});
        ASSERT_THAT(bus.stats(), SizeIs(1));
        EXPECT_EQ(bus.stats()[0].delivered, 1U);
    }
    bus.publish(Rang{2});
    EXPECT_EQ(heard, 1);
    EXPECT_THAT(bus.of<Rang>(), SizeIs(2));
}

} // namespace
} // namespace core::testkit
