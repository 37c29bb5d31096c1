#include "integration/system/system_fixture.h"
#include "support/test_cluster.h"

namespace test {
namespace {

/// On both databases.
class RepeatedRequests : public SystemTest, public testing::WithParamInterface<core::db::Dialect> {
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
    ApiAnswer send(const std::string& path, const Object& body, const std::string& key) {
        return api().send("POST", path, "Bearer " + admin_, core::json::write(Value(body)),
                          {{"Idempotency-Key", key}});
    }
    std::size_t count(const std::string& path) { return get(path).find("items")->array()->size(); }

    std::unique_ptr<TestDatabase> database_;
};
INSTANTIATE_TEST_SUITE_P(Db, RepeatedRequests,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == core::db::Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(RepeatedRequests, AreDoneOnceAlsoWhenTheHostWasKilledInBetween) {
    const std::string key = "f7c2a1de-1a4b-4be5-8f3c-";
    const std::vector<std::tuple<std::string, std::string, Object>> kinds{
        {"/api/v1/tokens", "/api/v1/tokens", {{"name", "of the mailer"}, {"role", "viewer"}}},
        {"/api/v1/restic/repositories",
         "/api/v1/restic/repositories",
         {{"name", "store"}, {"type", "local"}, {"url", "/backup"}, {"password", kRepositoryPassword}}},
        {"/api/v1/restic/policies", "/api/v1/restic/policies", policyBody("nightly")},
        {"/api/v1/users", "/api/v1/invitations", {{"email", "ada@example.com"}, {"role", "viewer"}}},
    };
    std::vector<ApiAnswer> first;
    std::vector<std::size_t> counted;
    for (const auto& [path, list, body] : kinds) {
        first.push_back(send(path, body, key + std::to_string(first.size())));
        ASSERT_EQ(first.back().status, 201) << path << first.back().body;
        EXPECT_FALSE(first.back().headers.contains("idempotency-replayed")) << path;
        counted.push_back(count(list));
    }
    const auto registration =
        send("/api/v1/restic/agents/registration-tokens", Object{}, key + "registration");
    ASSERT_EQ(registration.status, 201);

    for (const bool killed : {false, true}) {
        if (killed) {
            killBackend();
            startBackend(); // and sign in again: another session of the same person
        }
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            const auto& [path, list, body] = kinds[i];
            const auto again = send(path, body, key + std::to_string(i));
            EXPECT_EQ(again.status, 201) << path << again.body;
            EXPECT_EQ(again.body, first[i].body) << path;
            EXPECT_EQ(again.headers.at("idempotency-replayed"), "true") << path;
            EXPECT_EQ(count(list), counted[i]) << path;
        }
        EXPECT_EQ(send("/api/v1/restic/agents/registration-tokens", Object{}, key + "registration")
                      .json.stringOr("token"),
                  registration.json.stringOr("token"));
    }

    const auto other = send("/api/v1/tokens", {{"name", "another"}, {"role", "viewer"}}, key + "0");
    EXPECT_EQ(other.status, 422) << other.body;
    EXPECT_EQ(other.error(), "IdempotencyKeyReused");
    EXPECT_EQ(send("/api/v1/tokens", {{"name", "another"}, {"role", "viewer"}}, "short").status, 400);
    EXPECT_EQ(count("/api/v1/tokens"), counted[0]);
}

TEST_P(RepeatedRequests, EveryRouteThatCreatesOrStartsTakesAKeyByTheDocument) {
    std::vector<std::string> with, without;
    for (const auto& operation : api().document().operations()) {
        if (operation.method != "POST")
            continue;
        bool takes = false;
        if (const auto* parameters = operation.object->find("parameters"))
            for (const auto& parameter : *parameters->array())
                takes = takes || parameter.stringOr("name") == "Idempotency-Key";
        (takes ? with : without).push_back(operation.path);
    }
    // Sign-in, what renews or ends a session, what changes nothing, and what agents report, which has its own
    // fences.
    for (const auto& path : without)
        EXPECT_TRUE(path.starts_with("/api/v1/auth/") || path.ends_with("/preview") ||
                    path == "/api/v1/restic/agents/register" || path.ends_with("/heartbeat") ||
                    path.ends_with("/rotate-token") || path == "/api/v1/restic/tasks/{id}/status" ||
                    path == "/api/v1/restic/tasks/{id}/logs" || path == "/api/v1/restic/tasks/{id}/result")
            << path;
    EXPECT_GE(with.size(), 8U);
}

} // namespace
} // namespace test
