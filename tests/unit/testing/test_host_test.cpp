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
    [[nodiscard]] json::Value toJson() const { return json::Object{{"times", times}}; }
};

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
    std::vector<EventHandler> eventHandlers() override {
        return {EventHandler::on<Rang>({.name = "deaf"},
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
            tx.afterCommit([this, times] { context_->events().publish(Rang{static_cast<int>(times)}); });
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
