#include "integration/system/agent_fixture.h"

namespace test {
namespace {

/// What people and programs get wrong: each is refused by name, and nothing changes.
class BadInput : public SystemTest {
protected:
    void SetUp() override {
        startBackend();
        before_ = everything();
    }
    std::string everything() {
        std::string all;
        for (const char* list : {"agents", "policies", "repositories", "tasks", "backup-runs", "snapshots"})
            all += core::json::write(get(std::string("/api/v1/restic/") + list));
        for (const char* list : {"users", "tokens", "tenants"})
            all += core::json::write(get(std::string("/api/v1/") + list));
        return all;
    }
    void nothingChanged() { EXPECT_EQ(everything(), before_); }
    ApiAnswer send(const std::string& path, const std::string& body) {
        return api().send("POST", path, "Bearer " + admin_, body);
    }
    /// A policy with one member replaced.
    ApiAnswer policy(const std::string& member, Value value) {
        auto body = policyBody("nightly");
        body.set(member, std::move(value));
        return api().post("/api/v1/restic/policies", admin_, body);
    }
    static bool names(const ApiAnswer& answer, const std::string& pointer) {
        for (const auto& one : answer.pointers())
            if (one == pointer || one.starts_with(pointer + "/"))
                return true;
        return false;
    }
    std::string before_;
};
#define EXPECT_REFUSED(answer, code, name, pointer)                                                          \
    do {                                                                                                     \
        const auto& refused = (answer);                                                                      \
        EXPECT_EQ(refused.status, code) << refused.body;                                                     \
        EXPECT_EQ(refused.error(), name) << refused.body;                                                    \
        EXPECT_TRUE(std::string(pointer).empty() || names(refused, pointer)) << refused.body;                \
    } while (false)

TEST_F(BadInput, InJson) {
    for (const char* text : {"{", "{\"name\":}", "[1,2", "nonsense", "{\"name\":\"a\"} x",
                             "{\"a\":1,\"a\":2}", "{\"name\":\"\xff\xfe\"}", "{\"name\":1e999}", "\"text\""})
        EXPECT_REFUSED(send("/api/v1/restic/policies", text), 400, "MalformedRequest", "");
    EXPECT_REFUSED(send("/api/v1/restic/policies", std::string(200, '[') + std::string(200, ']')), 400,
                   "MalformedRequest", "");
    EXPECT_REFUSED(send("/api/v1/restic/policies", "[]"), 400, "ValidationError", "");
    // No body says nothing, as {} does.
    EXPECT_REFUSED(send("/api/v1/restic/policies", ""), 400, "ValidationError", "/name");
    EXPECT_REFUSED(send("/api/v1/restic/policies", std::string(3U << 20U, ' ')), 413, "PayloadTooLarge", "");
    EXPECT_REFUSED(api().send("POST", "/api/v1/restic/policies", "Bearer " + admin_, "{}",
                              {{"Content-Type", "text/plain"}}),
                   415, "UnsupportedMediaType", "");
    nothingChanged();
}

TEST_F(BadInput, InFields) {
    EXPECT_REFUSED(policy("unknown_field", 1), 400, "ValidationError", "/unknown_field");
    EXPECT_REFUSED(policy("name", 7), 400, "ValidationError", "/name");
    EXPECT_REFUSED(policy("name", ""), 400, "ValidationError", "/name");
    EXPECT_REFUSED(policy("name", nullptr), 400, "ValidationError", "/name");
    EXPECT_REFUSED(policy("enabled", "yes"), 400, "ValidationError", "/enabled");
    EXPECT_REFUSED(policy("include_paths", "/etc"), 400, "ValidationError", "/include_paths");
    EXPECT_REFUSED(policy("include_paths", Array{1}), 400, "ValidationError", "/include_paths/0");
    EXPECT_REFUSED(policy("include_paths", Array{"etc/relative"}), 400, "ValidationError", "/include_paths");
    EXPECT_REFUSED(policy("tags", Array{"a,b"}), 400, "ValidationError", "/tags");
    EXPECT_REFUSED(policy("priority", 11), 400, "ValidationError", "/priority");
    EXPECT_REFUSED(policy("priority", 1.5), 400, "ValidationError", "/priority");
    EXPECT_REFUSED(policy("timeout_seconds", 0), 400, "ValidationError", "/timeout_seconds");
    EXPECT_REFUSED(policy("repository_id", "no-uuid"), 400, "ValidationError", "/repository_id");
    EXPECT_REFUSED(policy("schedule", "61 * * * *"), 400, "InvalidCronExpression", "/schedule");
    EXPECT_REFUSED(policy("schedule", "soon"), 400, "InvalidCronExpression", "/schedule");
    EXPECT_REFUSED(policy("timezone", "Mars/Olympus"), 400, "ValidationError", "/timezone");
    EXPECT_REFUSED(policy("retention_rules", Object{{"keep_daily", 0}}), 400, "RetentionConflict",
                   "/retention_rules");
    EXPECT_REFUSED(policy("retention_rules", Object{{"keep_daily", 3}, {"keep_last", -1}}), 400,
                   "RetentionConflict", "/retention_rules");
    EXPECT_REFUSED(policy("retention_rules", Object{{"keep_forever", 1}}), 400, "ValidationError",
                   "/retention_rules/keep_forever");
    EXPECT_REFUSED(policy("repository_id", "0190f3a0-0000-7000-8000-000000000000"), 404, "RepositoryNotFound",
                   "");
    auto several = policyBody("");
    several.set("enabled", 3);
    several.set("other", true);
    const auto all = api().post("/api/v1/restic/policies", admin_, several);
    EXPECT_GE(all.pointers().size(), 3U) << "all at once: " << all.body;
    nothingChanged();
}

TEST_F(BadInput, InTasksRepositoriesAndQueries) {
    const auto repo = [&](const Object& body) {
        return api().post("/api/v1/restic/repositories", admin_, body);
    };
    EXPECT_REFUSED(repo({{"name", "r"}, {"type", "local"}, {"url", "relative"}, {"password", "x"}}), 400,
                   "ValidationError", "/url");
    EXPECT_REFUSED(repo({{"name", "r"}, {"type", "local"}, {"url", "/srv"}}), 400, "ValidationError",
                   "/password");
    EXPECT_REFUSED(repo({{"name", "r"}, {"type", "tape"}, {"url", "/srv"}, {"password", "x"}}), 400,
                   "ValidationError", "/type");
    const std::string nobody = "0190f3a0-0000-7000-8000-000000000000";
    const auto start = [&](const Object& body) { return api().post("/api/v1/restic/tasks", admin_, body); };
    EXPECT_REFUSED(start({{"type", "backup"}, {"agent_id", nobody}}), 404, "AgentNotFound", "");
    EXPECT_REFUSED(start({{"type", "format-disk"}, {"agent_id", nobody}}), 400, "ValidationError", "/type");
    EXPECT_REFUSED(start({{"type", "backup"}}), 400, "ValidationError", "/agent_id");
    EXPECT_REFUSED(start({{"type", "backup"},
                          {"agent_id", nobody},
                          {"parameters", Object{{"sources", Array{"relative"}}}}}),
                   400, "ValidationError", "/parameters/sources");
    EXPECT_REFUSED(start({{"type", "backup"},
                          {"agent_id", nobody},
                          {"parameters", Object{{"sources", Array{"/a"}}, {"tags", Array{"x,y"}}}}}),
                   400, "ValidationError", "/parameters/tags");
    EXPECT_REFUSED(api().get("/api/v1/restic/tasks?limit=0", admin_), 400, "ValidationError", "");
    EXPECT_REFUSED(api().get("/api/v1/restic/tasks?limit=many", admin_), 400, "ValidationError", "");
    EXPECT_REFUSED(api().get("/api/v1/restic/tasks?limit=501", admin_), 400, "ValidationError", "");
    EXPECT_REFUSED(api().get("/api/v1/restic/tasks?after=garbage", admin_), 400, "ValidationError", "");
    EXPECT_REFUSED(api().get("/api/v1/restic/tasks?colour=red", admin_), 400, "ValidationError", "");
    EXPECT_REFUSED(api().get("/api/v1/restic/tasks/" + nobody, admin_), 404, "TaskNotFound", "");
    EXPECT_REFUSED(api().get("/api/v1/restic/tasks/no-uuid", admin_), 404, "TaskNotFound", "");
    EXPECT_REFUSED(api().get("/api/v1/restic/nothing", admin_), 404, "NotFound", "");
    const auto method = api().send("PATCH", "/api/v1/restic/policies", "Bearer " + admin_);
    EXPECT_REFUSED(method, 405, "MethodNotAllowed", "");
    EXPECT_NE(method.headers.at("allow").find("POST"), std::string::npos);
    nothingChanged();
}

TEST_F(BadInput, InEnrolment) {
    const auto enroll = [&](const std::string& token, const std::string& hostname) {
        return api().post("/api/v1/restic/agents/register", token,
                          {{"hostname", hostname}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}});
    };
    EXPECT_REFUSED(enroll("aereg_unknown", "web-01"), 401, "InvalidRegistrationToken", "");
    EXPECT_REFUSED(enroll("nonsense", "web-01"), 401, "InvalidToken", "");
    EXPECT_REFUSED(enroll(admin_, "web-01"), 403, "InsufficientPermissions", "");
    const auto bound =
        post("/api/v1/restic/agents/registration-tokens", {{"hostname", "db-01"}, {"ttl_seconds", 600}}, 201)
            .stringOr("token");
    EXPECT_REFUSED(enroll(bound, "web-01"), 401, "InvalidRegistrationToken", "");
    EXPECT_REFUSED(enroll(bound, ""), 400, "ValidationError", "/hostname");
    nothingChanged();
    EXPECT_EQ(enroll(bound, "db-01").status, 201);
    EXPECT_REFUSED(enroll(bound, "db-01"), 401, "InvalidRegistrationToken", "");
    const auto other = registrationToken();
    EXPECT_REFUSED(enroll(other, "db-01"), 409, "AgentAlreadyExists", "");
    EXPECT_EQ(get("/api/v1/restic/agents").find("items")->array()->size(), 1U);
}

TEST_F(BadInput, ABodyThatIsCutShortOrLies) {
    const auto head = "POST /api/v1/restic/policies HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + admin_ +
                      "\r\nContent-Type: application/json\r\n";
    const auto body = core::json::write(Value(policyBody("cut")));
    const auto cut =
        api().raw(head + fmt::format("Content-Length: {}\r\n\r\n{}", body.size() + 10, body), true);
    EXPECT_EQ(cut.find("HTTP/1.1 2"), std::string::npos) << cut;
    for (const char* framing : {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -1\r\n",
                                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"}) {
        const auto answer = api().raw(head + framing + "\r\nhello", true);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << framing << answer;
    }
    const auto without = api().raw(head + "\r\n", true);
    EXPECT_TRUE(without.starts_with("HTTP/1.1 4")) << without;
    EXPECT_TRUE(api().raw("nonsense\r\n\r\n", true).starts_with("HTTP/1.1 400"));
    nothingChanged();
    EXPECT_EQ(post("/api/v1/restic/policies", policyBody("whole"), 201).stringOr("name"), "whole");
}

} // namespace
} // namespace test
