#include "integration/system/agent_fixture.h"
#include "support/v0_files.h"

namespace test {
namespace {

/// v0 is imported beside a host that runs, and the real machine takes the place that is kept for it.
class Imports : public BackupSystemTest {
protected:
    core::ProcessResult import(std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"migrate", "--from-v0", file_.string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return backend(std::move(arguments));
    }
    Value only(const std::string& path) {
        const auto page = get("/api/v1/restic/" + path);
        const auto& items = *page.find("items")->array();
        EXPECT_EQ(items.size(), 1U) << core::json::write(page);
        return items.empty() ? Value() : items.front();
    }
    ApiAnswer call(const std::string& method, const std::string& path) {
        return api().send(method, "/api/v1/restic/" + path, "Bearer " + admin_);
    }
    const std::filesystem::path file_ = dir_ / "v0.db";
};

TEST_F(Imports, APolicyRestsUntilTheRealMachineHasItAndSomebodyAdoptsIt) {
    writeFile(source_ / "one.txt", "one");
    runSqlite(file_,
              v0Schema(V0Shape::last) +
                  fmt::format("INSERT INTO targets (id, name, repository, password, keep_daily) VALUES "
                              "(42, 'web-01', '{}', '{}', 3);"
                              "INSERT INTO health_checks VALUES (1, 42, 1, NULL, '2025-11-24 12:00:00');",
                              repository_.string(), kRepositoryPassword));
    const auto before = readFile(file_);
    startBackend();

    const auto tried = import({"--dry-run"});
    EXPECT_TRUE(tried.exit.ok()) << tried.error;
    EXPECT_NE(tried.output.find("Nothing was written"), std::string::npos) << tried.output;
    EXPECT_TRUE(get("/api/v1/restic/agents").find("items")->array()->empty());
    const auto done = import();
    ASSERT_TRUE(done.exit.ok()) << done.error << done.output;
    EXPECT_NE(done.output.find("Importing target 42: web-01"), std::string::npos) << done.output;
    EXPECT_EQ(readFile(file_), before);

    // The host that runs shows it at once.
    auto agent = only("agents");
    const auto placeholder = agent.stringOr("id");
    EXPECT_EQ(agent.stringOr("hostname") + " " + agent.stringOr("version"), "web-01 legacy");
    EXPECT_TRUE(agent.booleanOr("placeholder"));
    auto policy = only("policies");
    policyId_ = policy.stringOr("id");
    EXPECT_EQ(policy.stringOr("name"), "web-01 Policy");
    EXPECT_TRUE(policy.booleanOr("awaiting_adoption"));
    EXPECT_TRUE(policy.find("next_run_at")->isNull());
    EXPECT_TRUE(policy.find("agents")->array()->at(0).booleanOr("placeholder"));
    EXPECT_EQ(get("/api/v1/restic/status/web-01").stringOr("mode"), "direct");
    const auto refused =
        api().post("/api/v1/restic/tasks", admin_,
                   {{"type", "backup"}, {"agent_id", placeholder}, {"policy_id", policyId_}});
    EXPECT_EQ(refused.status, 409) << refused.body;
    EXPECT_EQ(refused.json.stringOr("error"), "AgentIsPlaceholder");

    EXPECT_EQ(api().get("/metrics", admin_).body.find("restic_agents{"), std::string::npos)
        << "it is nobody yet";

    // v0 had no snapshot that says what is saved.
    const auto incomplete = call("POST", "policies/" + policyId_ + "/adopt");
    EXPECT_EQ(incomplete.status, 400) << incomplete.body;
    auto body = policyBody("web-01 Policy");
    body.set("include_paths", Array{source_.string()});
    body.set("repository_id", policy.stringOr("repository_id"));
    EXPECT_EQ(
        api()
            .send("PUT", "/api/v1/restic/policies/" + policyId_, "Bearer " + admin_, core::json::write(body))
            .status,
        200);
    EXPECT_TRUE(only("policies").booleanOr("awaiting_adoption"));

    enroll();
    EXPECT_EQ(agentId_, placeholder);
    startAgent();
    ASSERT_TRUE(await([&] { return only("agents").stringOr("status") == "online"; }, 30s));
    agent = only("agents");
    EXPECT_FALSE(agent.booleanOr("placeholder", true));
    EXPECT_NE(agent.stringOr("version"), "legacy");
    EXPECT_EQ(agent.find("metadata")->stringOr("migrated_from"), "v0_target");
    EXPECT_EQ(agent.find("metadata")->integerOr("target_id"), 42);

    const auto adopted = call("POST", "policies/" + policyId_ + "/adopt");
    ASSERT_EQ(adopted.status, 200) << adopted.body;
    EXPECT_FALSE(adopted.json.booleanOr("awaiting_adoption", true));
    EXPECT_FALSE(adopted.json.find("next_run_at")->isNull());
    EXPECT_EQ(outcome(backupNow()), "success");
    const auto status = get("/api/v1/restic/status/web-01");
    EXPECT_EQ(status.stringOr("mode"), "agent") << "under its old name";
    EXPECT_EQ(status.stringOr("status"), "healthy") << core::json::write(status);
    EXPECT_EQ(status.integerOr("snapshot_count"), 1);
    EXPECT_EQ(restic({"snapshots"}).array()->size(), 1U);

    const auto again = import({"--json"});
    EXPECT_TRUE(again.exit.ok()) << again.error;
    const auto report = core::json::parse(again.output).value();
    EXPECT_EQ(report.find("counts")->integerOr("found"), 1);
    for (const auto* nothing :
         {"new_targets", "new_agents", "new_policies", "new_snapshots", "new_health_checks"})
        EXPECT_EQ(report.find("counts")->integerOr(nothing, -1), 0) << nothing;
    EXPECT_EQ(get("/api/v1/restic/status/web-01").stringOr("mode"), "agent");
}

TEST_F(Imports, TheExitCodeSaysWhetherAllOfItCame) {
    startBackend();
    runSqlite(file_,
              v0Schema(V0Shape::first) +
                  "INSERT INTO targets (id, name, repository_url) VALUES (1, 'good', '/srv/good'), (2, "
                  "'bad', 'ftp://host/x');");
    const auto partly = import();
    EXPECT_EQ(partly.exit.code, 1);
    EXPECT_NE(partly.output.find("✗ targets, row 2 (bad)"), std::string::npos) << partly.output;
    EXPECT_EQ(get("/api/v1/restic/status/good").stringOr("mode"), "direct");
    const auto nowhere = backend({"migrate", "--from-v0", "/nowhere/v0.db"});
    EXPECT_EQ(nowhere.exit.code, 2);
    EXPECT_NE(nowhere.error.find("/nowhere/v0.db is not there"), std::string::npos) << nowhere.error;
    EXPECT_EQ(import({"--tenant", "nobody"}).exit.code, 1);
    const auto stray = backend({"migrate", "--read-password-files"});
    EXPECT_EQ(stray.exit.code, 2);
    EXPECT_NE(stray.error.find("--read-password-files"), std::string::npos) << stray.error;
}

TEST_F(Imports, ATryNeedsADatabaseThatIsUpToDateAndMakesNone) {
    runSqlite(file_, v0Schema(V0Shape::first));
    const auto refused = import({"--dry-run"});
    EXPECT_EQ(refused.exit.code, 1);
    EXPECT_NE(refused.error.find("ae-backend migrate"), std::string::npos) << refused.error;
    EXPECT_FALSE(std::filesystem::exists(dir_ / "data"));
}

} // namespace
} // namespace test
