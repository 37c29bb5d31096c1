#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/test_host.h"
#include "hello/events.h"

namespace hello {
namespace {

using core::http::Role;
using core::json::Object;
using core::testkit::TestHost;
using testing::HasSubstr;
using testing::SizeIs;

TEST(Hello, AGreetingIsStoredShownAuditedAndTold) {
    TestHost host(core_module_v1());
    host.start();

    const auto created = host.as(Role::operator_).post("/api/v1/hello/greetings", Object{{"text", "Moin"}});
    ASSERT_EQ(created.status, 201) << created.body;
    const auto listed = host.as(Role::viewer).get("/api/v1/hello/greetings");
    ASSERT_EQ(listed.status, 200) << listed.body;
    ASSERT_THAT(*listed.json.find("items")->array(), SizeIs(1));
    EXPECT_EQ(listed.json.find("items")->array()->front().stringOr("text"), "Moin");

    ASSERT_THAT(host.audited(), SizeIs(1));
    EXPECT_EQ(host.audited().front().action, "hello.greeting.created");
    ASSERT_THAT(host.bus().of<events::GreetingCreated>(), SizeIs(1));
    EXPECT_EQ(host.bus().of<events::GreetingCreated>().front().text, "Moin");
    EXPECT_THAT(host.log().text(), HasSubstr("somebody greeted"));
}

TEST(Hello, WhoMayNotGreetAndWhatIsNoGreeting) {
    TestHost host(core_module_v1());
    host.start();
    const Object moin{{"text", "Moin"}};
    EXPECT_EQ(host.asNobody().post("/api/v1/hello/greetings", moin).status, 401);
    EXPECT_EQ(host.as(Role::viewer).post("/api/v1/hello/greetings", moin).status, 403);
    const auto refused = host.as(Role::operator_).post("/api/v1/hello/greetings", Object{{"text", ""}});
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("/text"));
}

TEST(Hello, TenantsAreApartAndOldGreetingsGo) {
    TestHost host(core_module_v1(), {{"hello.keep", "1d"}});
    host.start();
    ASSERT_EQ(host.as(Role::operator_).post("/api/v1/hello/greetings", Object{{"text", "Moin"}}).status, 201);
    const auto other = host.addTenant();
    EXPECT_THAT(*host.as(Role::admin, other).get("/api/v1/hello/greetings").json.find("items")->array(),
                SizeIs(0));

    host.clock().advance(std::chrono::hours(25));
    host.jobs().run("hello.tidy");
    EXPECT_THAT(*host.as(Role::viewer).get("/api/v1/hello/greetings").json.find("items")->array(), SizeIs(0));
}

} // namespace
} // namespace hello
