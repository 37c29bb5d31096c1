#include "integration/system/agent_fixture.h"
#include "support/test_cluster.h"

namespace test {
namespace {

/// Who says what of a policy, as people's API tells it, on both databases.
class Options : public BackupSystemTest, public testing::WithParamInterface<core::db::Dialect> {
protected:
    static inline const std::string kBase = "/api/v1/restic/";
    static inline const std::string kDefaults = kBase + "policy-defaults";

    void SetUp() override {
        if (GetParam() == core::db::Dialect::postgresql) {
            database_ = std::make_unique<TestDatabase>(GetParam());
            useDatabase(database_->url());
        }
        begin();
    }
    void TearDown() override {
        BackupSystemTest::TearDown();
        database_.reset();
    }
    ApiAnswer send(const std::string& method, const std::string& path, const Object& body,
                   const std::map<std::string, std::string>& headers = {}) {
        return api().send(method, path, "Bearer " + admin_, core::json::write(Value(body)), headers);
    }
    /// The value of an option where people look, and who says it.
    static std::string said(const Value& view, const std::string& option) {
        const auto* effective = view.find("effective");
        const auto* value = (effective != nullptr ? *effective : view).find(option);
        return (value != nullptr ? core::json::write(*value) : "nothing") + " of " +
               view.find("origins")->stringOr(option);
    }
    std::unique_ptr<TestDatabase> database_;
};
INSTANTIATE_TEST_SUITE_P(Db, Options,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == core::db::Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(Options, WhatCountsIsToldWithWhoSaysIt) {
    auto body = policyBody("second");
    body.erase("timezone");
    body.set("repository_id", repositoryId_);
    body.set("max_age_hours", 30);
    const auto made = post(kBase + "policies", body, 201);
    const auto path = kBase + "policies/" + made.stringOr("id");
    EXPECT_EQ(said(made, "timezone"), "\"UTC\" of default");
    EXPECT_EQ(said(made, "max_age_hours"), "30 of policy");
    EXPECT_EQ(said(made, "jitter_minutes"), "0 of default");

    const auto before = api().get(kDefaults, admin_);
    ASSERT_EQ(before.status, 200) << before.body;
    const Object defaults{{"timezone", "Europe/Berlin"}, {"max_age_hours", 50}, {"limit_upload_kib", 900}};
    const auto set = send("PUT", kDefaults, defaults, {{"If-Match", before.headers.at("etag")}});
    ASSERT_EQ(set.status, 200) << set.body;
    EXPECT_EQ(send("PUT", kDefaults, defaults, {{"If-Match", before.headers.at("etag")}}).status, 412)
        << "somebody else was faster";
    EXPECT_EQ(get(kDefaults).stringOr("timezone"), "Europe/Berlin");
    auto policy = get(path);
    EXPECT_EQ(said(policy, "timezone"), "\"Europe/Berlin\" of tenant");
    EXPECT_EQ(said(policy, "max_age_hours"), "30 of policy");

    const auto link = kBase + "agents/" + agentId_ + "/policies/" + made.stringOr("id");
    EXPECT_EQ(api().get(link + "/options", admin_).error(), "PolicyNotLinked");
    ASSERT_EQ(api().send("PUT", link, "Bearer " + admin_).status, 204);
    const auto own = send("PUT", link + "/options", {{"limit_upload_kib", 0}, {"timezone", "Asia/Tokyo"}});
    ASSERT_EQ(own.status, 200) << own.body;
    const auto effective = get(link + "/options");
    EXPECT_EQ(said(effective, "limit_upload_kib"), "0 of link");
    EXPECT_EQ(said(effective, "timezone"), "\"Asia/Tokyo\" of link");
    EXPECT_EQ(said(effective, "max_age_hours"), "30 of policy");
    EXPECT_EQ(said(effective, "catch_up"), "\"one\" of default");
    policy = get(path);
    EXPECT_EQ(core::json::write(*policy.find("agents")->array()->at(0).find("options")->find("timezone")),
              "\"Asia/Tokyo\"");

    // Who changed what.
    body.set("schedule", "15 3 * * *");
    ASSERT_EQ(send("PUT", path, body).status, 200);
    const auto versions = get(path + "/versions");
    ASSERT_EQ(versions.find("items")->array()->size(), 2U);
    EXPECT_TRUE(get(path + "/skipped-slots").find("items")->array()->empty());
    const auto& newest = versions.find("items")->array()->front();
    EXPECT_EQ(core::json::write(*newest.find("changed")), "[\"schedule\"]");
    EXPECT_EQ(newest.integerOr("version"), 2);
    EXPECT_FALSE(newest.stringOr("author").empty());
    EXPECT_EQ(newest.find("policy")->stringOr("schedule"), "15 3 * * *");
}

TEST_P(Options, WhatIsWrongIsNamedAndChangesNothing) {
    const auto body = policyBody("second");
    const auto path = kBase + "policies/" + post(kBase + "policies", body, 201).stringOr("id");
    const auto refused = [&](const std::string& name, Value value) {
        auto wrong = body;
        wrong.set(name, std::move(value));
        const auto answer = send("PUT", path, wrong);
        EXPECT_EQ(answer.status, 400) << name << ' ' << answer.body;
        EXPECT_NE(answer.body.find("\"/" + name), std::string::npos) << answer.body;
        EXPECT_EQ(send("PUT", kDefaults, Object{{name, *wrong.find(name)}}).status, 400) << name;
    };
    refused("jitter_minutes", 721);
    refused("catch_up_most", 0);
    refused("limit_upload_kib", -1);
    refused("pre_hook", "../../bin/sh");
    refused("post_hook", "rm -rf");
    refused("blackout_windows", core::json::Array{Object{{"from", "8"}, {"to", "18:00"}}});
    refused("blackout_windows",
            core::json::Array{
                Object{{"days", core::json::Array{"someday"}}, {"from", "08:00"}, {"to", "18:00"}}});
    refused("timezone", "Mars/Olympus");
    auto wrong = body;
    wrong.set("assign", Object{{"hostnames", core::json::Array{"web-[0-9]"}}});
    EXPECT_NE(send("PUT", path, wrong).body.find("/assign/hostnames/0"), std::string::npos);
    EXPECT_EQ(get(path + "/versions").find("items")->array()->size(), 1U);
    EXPECT_TRUE(get(kDefaults).find("jitter_minutes")->isNull());
}

TEST_P(Options, AnAgentWithTheTagFollowsAndBacksUp) {
    auto body = policyBody("second");
    body.set("assign", Object{{"tags", core::json::Array{"shop"}}});
    body.set("repository_id", repositoryId_);
    body.set("include_paths", Array{source_.string()});
    const auto path = kBase + "policies/" + post(kBase + "policies", body, 201).stringOr("id");
    EXPECT_TRUE(get(path).find("agents")->array()->empty());
    ASSERT_EQ(send("PUT", kBase + "agents/" + agentId_, {{"tags", core::json::Array{"shop", "eu"}}}).status,
              200);
    const auto policy = get(path);
    ASSERT_EQ(policy.find("agents")->array()->size(), 1U);
    EXPECT_TRUE(*policy.find("agents")->array()->front().find("assigned")->boolean());
    const auto task =
        post(kBase + "tasks",
             Object{{"type", "backup"}, {"agent_id", agentId_}, {"policy_id", policy.stringOr("id")}}, 202)
            .stringOr("id");
    EXPECT_EQ(outcome(task), "success");
    ASSERT_EQ(send("PUT", kBase + "agents/" + agentId_, {{"tags", core::json::Array{}}}).status, 200);
    EXPECT_TRUE(get(path).find("agents")->array()->empty());
}

} // namespace
} // namespace test
