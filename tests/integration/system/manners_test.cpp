#include "integration/system/system_fixture.h"
#include "support/test_cluster.h"

namespace test {
namespace {

/// What clients of any API may count on, on both databases.
class Manners : public SystemTest, public testing::WithParamInterface<core::db::Dialect> {
protected:
    void SetUp() override {
        if (GetParam() == core::db::Dialect::postgresql) {
            database_ = std::make_unique<TestDatabase>(GetParam());
            useDatabase(database_->url());
        }
        startBackend();
    }
    void TearDown() override {
        SystemTest::TearDown();
        database_.reset();
    }
    ApiAnswer send(const std::string& method, const std::string& path, const std::optional<Object>& body = {},
                   const std::map<std::string, std::string>& headers = {}) {
        return api().send(method, path, "Bearer " + admin_,
                          body ? std::optional(core::json::write(Value(*body))) : std::nullopt, headers);
    }
    std::unique_ptr<TestDatabase> database_;
};
INSTANTIATE_TEST_SUITE_P(Db, Manners,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == core::db::Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(Manners, WhatIsMadeIsFoundAtItsLocation) {
    const std::vector<std::pair<std::string, Object>> kinds{
        {"/api/v1/tokens", {{"name", "one"}, {"role", "viewer"}}},
        {"/api/v1/restic/repositories",
         {{"name", "store"}, {"type", "local"}, {"url", "/backup"}, {"password", kRepositoryPassword}}},
        {"/api/v1/restic/policies", policyBody("nightly")},
    };
    for (const auto& [path, body] : kinds) {
        const auto made = send("POST", path, body);
        ASSERT_EQ(made.status, 201) << made.body;
        EXPECT_EQ(made.headers.at("location"), path + "/" + made.id());
        EXPECT_EQ(send("GET", made.headers.at("location")).id(), made.id());
    }
    const auto invited =
        send("POST", "/api/v1/users", Object{{"email", "ada@example.com"}, {"role", "viewer"}});
    EXPECT_EQ(send("DELETE", invited.headers.at("location")).status, 204) << invited.body;
}

TEST_P(Manners, AChangeNamesTheVersionThatItIsOf) {
    const auto body = policyBody("nightly");
    const auto made = send("POST", "/api/v1/restic/policies", body);
    const std::string path = "/api/v1/restic/policies/" + made.id();
    const std::string first = made.headers.at("etag");
    EXPECT_EQ(send("GET", path).headers.at("etag"), first);
    const auto changed = send("PUT", path, body, {{"If-Match", first}});
    ASSERT_EQ(changed.status, 200) << changed.body;
    const auto late = send("PUT", path, body, {{"If-Match", first}});
    EXPECT_EQ(late.status, 412) << late.body;
    EXPECT_EQ(late.error(), "PreconditionFailed");
    EXPECT_EQ(send("PUT", path, body, {{"If-Match", changed.headers.at("etag")}}).status, 200);
    EXPECT_EQ(send("PUT", path, body).status, 200) << "who names none overwrites";
}

TEST_P(Manners, EverythingThatIsEditedHasAVersion) {
    const auto repository = send(
        "POST", "/api/v1/restic/repositories",
        Object{{"name", "store"}, {"type", "local"}, {"url", "/backup"}, {"password", kRepositoryPassword}});
    const auto me = send("GET", "/api/v1/users").json.find("items")->array()->at(0).stringOr("id");
    const auto tenant = send("GET", "/api/v1/tenants").json.find("items")->array()->at(0).stringOr("id");
    const std::vector<std::pair<std::string, Object>> edits{
        {"/api/v1/restic/repositories/" + repository.id(),
         {{"name", "other"}, {"type", "local"}, {"url", "/backup"}}},
        {"/api/v1/users/" + me, {{"name", "Ada"}}},
        {"/api/v1/tenants/" + tenant, {{"name", "renamed"}}},
    };
    for (const auto& [path, edit] : edits) {
        const auto version = send("GET", path).headers.at("etag");
        EXPECT_EQ(send("PUT", path, edit, {{"If-Match", "\"another\""}}).status, 412) << path;
        EXPECT_EQ(send("GET", path).headers.at("etag"), version) << path << " was changed";
        EXPECT_EQ(send("PUT", path, edit, {{"If-Match", version}}).status, 200) << path;
        EXPECT_EQ(send("PUT", path, edit, {{"If-Match", version}}).status, 412) << path;
    }
}

TEST_P(Manners, NoBodyIsNeededWhereNothingIsToBeSaid) {
    const auto made = send("POST", "/api/v1/restic/agents/registration-tokens");
    EXPECT_EQ(made.status, 201) << made.body;
    const auto nothing = send("POST", "/api/v1/restic/policies");
    EXPECT_EQ(nothing.status, 400);
    EXPECT_EQ(nothing.error(), "ValidationError");
    EXPECT_THAT(nothing.pointers(), testing::Contains("/name"));
}

TEST_P(Manners, NamesThatNobodySeesOrThatCommandAreRefused) {
    const auto invited = send("POST", "/api/v1/users", Object{{"email", "ada@example.com"}});
    ASSERT_EQ(invited.status, 201) << invited.body;
    const auto registration =
        send("POST", "/api/v1/restic/agents/registration-tokens").json.stringOr("token");
    const Object machine{{"hostname", "web-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}};
    const auto enrol = [&](const Object& body) {
        return api().send("POST", "/api/v1/restic/agents/register", "Bearer " + registration,
                          core::json::write(Value(body)));
    };
    const auto agent = enrol(machine);
    ASSERT_EQ(agent.status, 201) << agent.body;
    const std::string nobody = "00000000-0000-7000-8000-000000000000";
    for (const char* name : {" ", "\t ", "\u00a0", "\u200b", "a\x1b[31m", "a\u0085", "invoice\u202egpj.exe",
                             "a\u2066b", "a\u2028b"}) {
        auto policy = policyBody("x");
        policy.set("name", name);
        const std::vector<std::tuple<const char*, std::string, Object>> all{
            {"POST", "/api/v1/restic/policies", policy},
            {"POST",
             "/api/v1/restic/repositories",
             {{"name", name}, {"type", "local"}, {"url", "/b"}, {"password", kRepositoryPassword}}},
            {"POST", "/api/v1/tokens", {{"name", name}, {"role", "viewer"}}},
            {"PUT", "/api/v1/tenants/" + nobody, {{"name", name}}},
            {"POST", "/api/v1/users", {{"email", "new@example.org"}, {"name", name}}},
            {"PUT", "/api/v1/users/" + nobody, {{"name", name}}}};
        for (const auto& [method, path, body] : all) {
            const auto refused = send(method, path, body);
            EXPECT_EQ(refused.status, 400) << path << refused.body;
            EXPECT_THAT(refused.pointers(), testing::Contains("/name")) << path;
        }
        const auto labelled = send("PUT", agent.headers.at("location"), Object{{"label", name}});
        EXPECT_EQ(labelled.status, 400);
        EXPECT_THAT(labelled.pointers(), testing::Contains("/label"));
        auto stranger = machine;
        stranger.set("label", name);
        const auto refused = enrol(stranger);
        EXPECT_EQ(refused.status, 400);
        EXPECT_THAT(refused.pointers(), testing::Contains("/label"));
    }
    EXPECT_EQ(send("PUT", agent.headers.at("location"), Object{{"label", ""}}).status, 200);
}

TEST_P(Manners, RegistrationTokensAreListedWithoutThemselvesAndRevoked) {
    const std::string path = "/api/v1/restic/agents/registration-tokens";
    const auto first = send("POST", path, Object{{"max_uses", 3}});
    const auto second = send("POST", path, Object{{"hostname", "web-01"}});
    const auto list = send("GET", path + "?limit=1");
    ASSERT_EQ(list.status, 200) << list.body;
    const auto& newest = list.json.find("items")->array()->at(0);
    EXPECT_EQ(newest.stringOr("id"), second.id());
    EXPECT_EQ(newest.stringOr("hostname"), "web-01");
    EXPECT_EQ(list.body.find(second.json.stringOr("token")), std::string::npos);
    const auto rest = send("GET", path + "?after=" + list.json.stringOr("next"));
    EXPECT_EQ(rest.json.find("items")->array()->at(0).stringOr("id"), first.id());
    EXPECT_EQ(rest.json.find("items")->array()->at(0).integerOr("max_uses"), 3);

    EXPECT_EQ(send("DELETE", second.headers.at("location")).status, 204);
    EXPECT_EQ(send("DELETE", second.headers.at("location")).error(), "RegistrationTokenNotFound");
    EXPECT_EQ(send("GET", path).json.find("items")->array()->size(), 1U);
    const Object enrolment{{"hostname", "web-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}};
    const auto refused =
        api().send("POST", "/api/v1/restic/agents/register", "Bearer " + second.json.stringOr("token"),
                   core::json::write(Value(enrolment)));
    EXPECT_EQ(refused.status, 401) << refused.body;
    const auto enrolled =
        api().send("POST", "/api/v1/restic/agents/register", "Bearer " + first.json.stringOr("token"),
                   core::json::write(Value(enrolment)));
    EXPECT_EQ(enrolled.status, 201) << enrolled.body;
    EXPECT_EQ(send("GET", enrolled.headers.at("location")).id(), enrolled.json.stringOr("agentId"));
}

} // namespace
} // namespace test
