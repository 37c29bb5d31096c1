#include <set>

#include "integration/system/agent_fixture.h"

namespace test {
namespace {

/// Who may call a route.
enum class Needs { open, viewer, operator_, admin, system, agent, adminOrAgent, registrationOrAgent };

/// Every route of the host with what it needs, written down a second time: a route that is missing here, or
/// that says something else of itself, fails the test.
const std::map<std::string, Needs>& expected() {
    static const std::map<std::string, Needs> kTable{
        {"GET /health/live", Needs::open},
        {"GET /health/ready", Needs::open},
        {"GET /api/v1/health", Needs::open},
        {"GET /openapi.json", Needs::open},
        {"GET /metrics", Needs::viewer},
        {"GET /api/v1/modules", Needs::viewer},
        {"GET /api/v1/pages", Needs::viewer},
        {"GET /api/v1/system", Needs::admin},
        {"POST /api/v1/auth/login", Needs::open},
        {"POST /api/v1/auth/refresh", Needs::open},
        {"POST /api/v1/auth/logout", Needs::viewer},
        {"GET /api/v1/auth/me", Needs::viewer},
        {"POST /api/v1/auth/password", Needs::viewer},
        {"POST /api/v1/auth/switch", Needs::viewer},
        {"POST /api/v1/auth/invitations/look", Needs::open},
        {"POST /api/v1/auth/invitations/accept", Needs::open},
        {"GET /api/v1/invitations", Needs::admin},
        {"DELETE /api/v1/invitations/{id}", Needs::admin},
        {"POST /api/v1/users/{id}/confirm", Needs::admin},
        {"GET /api/v1/audit", Needs::admin},
        {"GET /api/v1/tenants", Needs::viewer},
        {"POST /api/v1/tenants", Needs::system},
        {"GET /api/v1/tenants/{id}", Needs::viewer},
        {"PUT /api/v1/tenants/{id}", Needs::admin},
        {"DELETE /api/v1/tenants/{id}", Needs::system},
        {"GET /api/v1/tokens", Needs::admin},
        {"POST /api/v1/tokens", Needs::admin},
        {"GET /api/v1/tokens/{id}", Needs::admin},
        {"PUT /api/v1/tokens/{id}", Needs::admin},
        {"DELETE /api/v1/tokens/{id}", Needs::admin},
        {"GET /api/v1/users", Needs::admin},
        {"POST /api/v1/users", Needs::admin},
        {"GET /api/v1/users/{id}", Needs::admin},
        {"PUT /api/v1/users/{id}", Needs::admin},
        {"DELETE /api/v1/users/{id}", Needs::admin},
        {"POST /api/v1/restic/agents/registration-tokens", Needs::admin},
        {"GET /api/v1/restic/agents/registration-tokens", Needs::admin},
        {"DELETE /api/v1/restic/agents/registration-tokens/{id}", Needs::admin},
        {"POST /api/v1/restic/agents/register", Needs::registrationOrAgent},
        {"GET /api/v1/restic/agents", Needs::viewer},
        {"GET /api/v1/restic/agents/{id}", Needs::viewer},
        {"PUT /api/v1/restic/agents/{id}", Needs::admin},
        {"DELETE /api/v1/restic/agents/{id}", Needs::admin},
        {"PUT /api/v1/restic/agents/{id}/policies/{policy_id}", Needs::operator_},
        {"DELETE /api/v1/restic/agents/{id}/policies/{policy_id}", Needs::operator_},
        {"GET /api/v1/restic/agents/{id}/policies/{policy_id}/options", Needs::viewer},
        {"PUT /api/v1/restic/agents/{id}/policies/{policy_id}/options", Needs::operator_},
        {"POST /api/v1/restic/agents/{id}/heartbeat", Needs::agent},
        {"POST /api/v1/restic/agents/{id}/rotate-token", Needs::adminOrAgent},
        {"GET /api/v1/restic/agents/{id}/tasks", Needs::agent},
        {"POST /api/v1/restic/tasks/{id}/status", Needs::agent},
        {"POST /api/v1/restic/tasks/{id}/logs", Needs::agent},
        {"GET /api/v1/restic/tasks/{id}/logs", Needs::viewer},
        {"POST /api/v1/restic/tasks/{id}/result", Needs::agent},
        {"GET /api/v1/restic/tasks/{id}/result", Needs::viewer},
        {"GET /api/v1/restic/backup-runs/{id}/logs", Needs::viewer},
        {"POST /api/v1/restic/tasks", Needs::operator_},
        {"GET /api/v1/restic/tasks", Needs::viewer},
        {"GET /api/v1/restic/tasks/{id}", Needs::viewer},
        {"DELETE /api/v1/restic/tasks/{id}", Needs::operator_},
        {"POST /api/v1/restic/tasks/{id}/retry", Needs::operator_},
        {"GET /api/v1/restic/policies", Needs::viewer},
        {"POST /api/v1/restic/policies", Needs::operator_},
        {"GET /api/v1/restic/policies/{id}", Needs::viewer},
        {"PUT /api/v1/restic/policies/{id}", Needs::operator_},
        {"DELETE /api/v1/restic/policies/{id}", Needs::operator_},
        {"POST /api/v1/restic/policies/{id}/adopt", Needs::operator_},
        {"POST /api/v1/restic/policies/preview", Needs::viewer},
        {"GET /api/v1/restic/policies/{id}/skipped-slots", Needs::viewer},
        {"GET /api/v1/restic/policies/{id}/versions", Needs::viewer},
        {"GET /api/v1/restic/policy-defaults", Needs::viewer},
        {"PUT /api/v1/restic/policy-defaults", Needs::operator_},
        {"GET /api/v1/restic/repositories", Needs::viewer},
        {"POST /api/v1/restic/repositories", Needs::admin},
        {"GET /api/v1/restic/repositories/{id}", Needs::viewer},
        {"PUT /api/v1/restic/repositories/{id}", Needs::admin},
        {"DELETE /api/v1/restic/repositories/{id}", Needs::admin},
        {"POST /api/v1/restic/repositories/test", Needs::admin},
        {"POST /api/v1/restic/repositories/{id}/start-anew", Needs::admin},
        {"POST /api/v1/restic/repositories/{id}/password", Needs::admin},
        {"GET /api/v1/restic/repositories/{id}/locks", Needs::viewer},
        {"GET /api/v1/restic/repositories/{id}/sizes", Needs::viewer},
        {"POST /api/v1/restic/repositories/{id}/unlock", Needs::operator_},
        {"POST /api/v1/restic/repositories/{id}/test", Needs::operator_},
        {"GET /api/v1/restic/backup-runs", Needs::viewer},
        {"GET /api/v1/restic/backup-runs/{id}", Needs::viewer},
        {"POST /api/v1/restic/backup-runs/{id}/cancel", Needs::operator_},
        {"GET /api/v1/restic/snapshots", Needs::viewer},
        {"GET /api/v1/restic/snapshots/{id}", Needs::viewer},
        {"POST /api/v1/restic/snapshots/{id}/restore", Needs::operator_},
        {"POST /api/v1/restic/snapshots/{id}/tags", Needs::operator_},
        {"POST /api/v1/restic/snapshots/{id}/forget", Needs::admin},
        {"POST /api/v1/restic/snapshots/{id}/verify", Needs::operator_},
        {"POST /api/v1/restic/snapshots/{id}/files", Needs::operator_},
        {"GET /api/v1/restic/snapshots/{id}/files", Needs::viewer},
        {"POST /api/v1/restic/snapshots/{a}/diff/{b}", Needs::operator_},
        {"POST /api/v1/restic/repositories/{id}/find", Needs::operator_},
        {"GET /api/v1/restic/agents/{id}/plugins", Needs::viewer},
        {"PUT /api/v1/restic/agents/{id}/plugins/{name}", Needs::operator_},
        {"POST /api/v1/restic/agents/{id}/plugins/{name}/test", Needs::operator_},
        {"GET /api/v1/restic/agents/{id}/dumps", Needs::viewer},
        {"GET /api/v1/restic/policies/{id}/snapshots", Needs::viewer},
        {"GET /api/v1/restic/compliance", Needs::viewer},
        {"GET /api/v1/restic/compliance/days", Needs::viewer},
        {"GET /api/v1/restic/compliance/report", Needs::viewer},
        {"GET /api/v1/restic/compliance/table", Needs::viewer},
        {"GET /api/v1/restic/policies/{id}/compliance", Needs::viewer},
        {"GET /api/v1/restic/status", Needs::viewer},
        {"GET /api/v1/restic/status/{name}", Needs::viewer},
        {"GET /api/v1/restic/status/{name}/snapshots", Needs::viewer},
        {"GET /api/v1/restic/status/{name}/snapshots/{id}/files", Needs::viewer},
        {"POST /api/v1/restic/status/{name}/refresh", Needs::operator_},
        {"GET /api/v1/restic/targets", Needs::viewer},
        {"POST /api/v1/restic/targets", Needs::admin},
        {"GET /api/v1/restic/targets/{id}", Needs::viewer},
        {"PUT /api/v1/restic/targets/{id}", Needs::admin},
        {"DELETE /api/v1/restic/targets/{id}", Needs::admin},
        {"GET /api/v1/restic/targets/{id}/health-checks", Needs::viewer},
        {"GET /api/v1/restic/repositories/{id}/snapshots", Needs::viewer},
        {"GET /api/v1/restic/repositories/{id}/recovery-kit", Needs::viewer},
    };
    return kTable;
}

class Roles : public BackupSystemTest {
protected:
    void SetUp() override {
        configureHost();
        ASSERT_TRUE(backend({"migrate"}).exit.ok());
        for (const auto& arguments :
             std::vector<std::vector<std::string>>{{"--json", "tenant", "create", "--name", "second"},
                                                   {"--json", "token", "create", "--name", "foreign",
                                                    "--role", "admin", "--tenant", "second"}}) {
            const auto made = backend(arguments);
            ASSERT_TRUE(made.exit.ok()) << made.error << made.output;
            foreign_ = core::json::parse(made.output).value().stringOr("token");
        }
        startBackend();
        enroll();
        // A second one, whose token the test itself holds.
        const auto registration = registrationToken();
        const auto joined =
            api().post("/api/v1/restic/agents/register", registration,
                       {{"hostname", "db-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}});
        ASSERT_EQ(joined.status, 201) << joined.body;
        agentToken_ = joined.json.stringOr("token");
        repositoryId_ = repository(dir_ / "repository", "store");
        policyId_ = post("/api/v1/restic/policies", policyBody("nightly"), 201).stringOr("id");
    }
    /// What the document says of an operation.
    static Needs declared(const ApiDocument::Operation& operation) {
        const auto text = operation.object->stringOr("description");
        if (operation.object->find("security") == nullptr)
            return Needs::open;
        const bool admin = text.find("role admin") != std::string::npos;
        if (text.find("restic.agent.self") != std::string::npos)
            return Needs::agent;
        if (text.find("restic.agent.enrol") != std::string::npos)
            return Needs::registrationOrAgent;
        if (operation.path.ends_with("/rotate-token"))
            return admin ? Needs::adminOrAgent : Needs::open;
        if (text.find("base.tenants.manage") != std::string::npos)
            return Needs::system;
        if (admin)
            return Needs::admin;
        if (text.find("role operator") != std::string::npos)
            return Needs::operator_;
        return text.find("role viewer") != std::string::npos ? Needs::viewer : Needs::open;
    }
    /// With an id that nobody has, so that who may do it changes nothing.
    static std::string withNobody(std::string path) {
        for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
            path.replace(at, path.find('}') - at + 1, "0190f3a0-0000-7000-8000-000000000000");
        return path;
    }
    std::string foreign_, agentToken_;
};

TEST_F(Roles, EveryRouteAdmitsWhomItSaysAndNobodyElse) {
    struct Caller {
        std::string name;
        std::string token;
        std::set<Needs> may;
    };
    const std::set<Needs> viewer{Needs::open, Needs::viewer};
    const std::set<Needs> operators{Needs::open, Needs::viewer, Needs::operator_};
    const std::set<Needs> admins{Needs::open, Needs::viewer, Needs::operator_, Needs::admin,
                                 Needs::adminOrAgent};
    const std::vector<Caller> callers{
        {"viewer", apiToken("viewer"), viewer},
        {"operator", apiToken("operator"), operators},
        {"admin", apiToken("admin"), admins},
        {"admin of another tenant", foreign_, admins},
        {"agent", agentToken_, {Needs::open, Needs::agent, Needs::adminOrAgent, Needs::registrationOrAgent}}};
    std::set<std::string> seen;
    for (const auto& operation : api().document().operations()) {
        const auto name = operation.method + " " + operation.path;
        seen.insert(name);
        const auto known = expected().find(name);
        if (known == expected().end()) {
            ADD_FAILURE() << name << " is not in this test's table";
            continue;
        }
        EXPECT_EQ(declared(operation), known->second) << name << " says something else of itself";
        const auto path = withNobody(operation.path);
        const auto needs = known->second;
        // A body that is no valid one of any route: whoever is let in is told so, and changes nothing.
        const std::optional<std::string> body = operation.method == "GET" || operation.method == "DELETE"
                                                    ? std::nullopt
                                                    : std::optional(std::string("[]"));
        if (needs != Needs::open) {
            EXPECT_EQ(api().send(operation.method, path, "", body).status, 401)
                << name << " without credentials";
            EXPECT_EQ(api().send(operation.method, path, "Bearer garbage", body).status, 401) << name;
            EXPECT_EQ(api().send(operation.method, path, "Basic !", body).status, 401) << name;
        }
        for (const auto& caller : callers) {
            const auto answer = api().send(operation.method, path, "Bearer " + caller.token, body);
            EXPECT_NE(answer.status / 100, 5) << name << " by " << caller.name << ": " << answer.body;
            if (needs == Needs::open)
                continue;
            if (caller.may.contains(needs)) {
                EXPECT_NE(answer.status, 401) << name << " by " << caller.name << ": " << answer.body;
                EXPECT_NE(answer.error(), "InsufficientPermissions") << name << " by " << caller.name;
            } else {
                EXPECT_EQ(answer.status, 403) << name << " by " << caller.name << ": " << answer.body;
                EXPECT_EQ(answer.error(), "InsufficientPermissions") << name << " by " << caller.name;
            }
        }
    }
    for (const auto& [name, needs] : expected())
        EXPECT_TRUE(seen.contains(name)) << name << " is in this test's table, but not there";
}

TEST_F(Roles, WhatIsAnotherTenantsDoesNotExist) {
    const auto own = get("/api/v1/auth/me").stringOr("tenant_id");
    const auto task = post("/api/v1/restic/tasks",
                           {{"type", "backup"},
                            {"agent_id", agentId_},
                            {"repository_id", repositoryId_},
                            {"parameters", Object{{"sources", Array{"/etc"}}}}},
                           202)
                          .stringOr("id");
    const std::string base = "/api/v1/restic/";
    const std::vector<std::pair<std::string, std::string>> calls{
        {"GET", base + "agents/" + agentId_},
        {"DELETE", base + "agents/" + agentId_},
        {"POST", base + "agents/" + agentId_ + "/rotate-token"},
        {"PUT", base + "agents/" + agentId_ + "/policies/" + policyId_},
        {"DELETE", base + "agents/" + agentId_ + "/policies/" + policyId_},
        {"GET", base + "policies/" + policyId_},
        {"DELETE", base + "policies/" + policyId_},
        {"GET", base + "repositories/" + repositoryId_},
        {"DELETE", base + "repositories/" + repositoryId_},
        {"POST", base + "repositories/" + repositoryId_ + "/unlock"},
        {"GET", base + "tasks/" + task},
        {"GET", base + "tasks/" + task + "/logs"},
        {"DELETE", base + "tasks/" + task},
        {"POST", base + "tasks/" + task + "/retry"},
        {"GET", base + "backup-runs/" + task},
        {"POST", base + "backup-runs/" + task + "/cancel"},
        {"GET", "/api/v1/tenants/" + own}};
    for (const auto& [method, path] : calls)
        EXPECT_EQ(api().send(method, path, "Bearer " + foreign_).status, 404) << method << ' ' << path;
    EXPECT_EQ(api().send("PUT", base + "policies/" + policyId_, foreign_, policyBody("taken")).status, 404);
    EXPECT_EQ(api().send("PUT", base + "agents/" + agentId_, foreign_, Object{{"paused", true}}).status, 404);
    EXPECT_EQ(api()
                  .post(base + "tasks", foreign_,
                        {{"type", "backup"}, {"agent_id", agentId_}, {"policy_id", policyId_}})
                  .status,
              404);
    for (const char* list : {"agents", "policies", "repositories", "tasks", "backup-runs", "snapshots"})
        EXPECT_TRUE(api().get(base + list, foreign_).json.find("items")->array()->empty()) << list;
    EXPECT_TRUE(api().get(base + "status", foreign_).json.array()->empty());
    // An agent speaks for itself only.
    EXPECT_EQ(api().get(base + "agents/" + agentId_ + "/tasks?wait=0", agentToken_).status, 404);
    EXPECT_EQ(
        api()
            .post(base + "tasks/" + task + "/status", agentToken_, {{"attempt", 1}, {"status", "running"}})
            .status,
        404);
    EXPECT_EQ(
        api().send("POST", base + "agents/" + agentId_ + "/rotate-token", "Bearer " + agentToken_).status,
        404);
    EXPECT_EQ(get(base + "tasks/" + task).stringOr("status"), "queued");
    EXPECT_EQ(get(base + "policies/" + policyId_).stringOr("name"), "nightly");
}

TEST_F(Roles, ARevokedAgentIsOutAtOnce) {
    const std::string base = "/api/v1/restic/agents";
    const auto me = get(base + "?hostname=db-01").find("items")->array()->front().stringOr("id");
    EXPECT_EQ(api().get(base + "/" + me + "/tasks?wait=0", agentToken_).status, 200);
    EXPECT_EQ(api().send("DELETE", base + "/" + me, "Bearer " + admin_).status, 204);
    const auto answer = api().get(base + "/" + me + "/tasks?wait=0", agentToken_);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.error(), "TokenRevoked");
}

} // namespace
} // namespace test
