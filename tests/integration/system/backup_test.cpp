#include "integration/system/agent_fixture.h"

namespace test {
namespace {

/// On both databases.
class WholeSystem : public BackupSystemTest, public testing::WithParamInterface<core::db::Dialect> {
protected:
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
    std::unique_ptr<TestDatabase> database_;
};
INSTANTIATE_TEST_SUITE_P(Db, WholeSystem,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == core::db::Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(WholeSystem, BacksUpAndTellsTheTruthAboutIt) {
    const auto first = backupNow();
    ASSERT_EQ(outcome(first), "success") << core::json::write(task(first));

    const auto listed = restic({"snapshots"});
    ASSERT_EQ(listed.array()->size(), 1U);
    const auto& real = listed.array()->front();
    const auto snapshots = get("/api/v1/restic/snapshots");
    ASSERT_EQ(snapshots.find("items")->array()->size(), 1U);
    const auto& told = snapshots.find("items")->array()->front();
    EXPECT_EQ(told.stringOr("snapshot_id"), real.stringOr("id"));
    EXPECT_EQ(told.stringOr("short_id"), real.stringOr("id").substr(0, 8));
    EXPECT_EQ(told.stringOr("hostname"), "web-01");
    EXPECT_EQ(*told.find("paths"), *real.find("paths"));
    EXPECT_EQ(*told.find("tags"), *real.find("tags"));
    const auto stats = restic({"stats", "--mode", "restore-size"});
    EXPECT_EQ(run(first).stringOr("snapshot_id"), real.stringOr("id"));
    EXPECT_EQ(run(first).integerOr("total_bytes_processed", -1), stats.integerOr("total_size"));
    EXPECT_EQ(told.integerOr("size_bytes", -1), stats.integerOr("total_size"));
    EXPECT_EQ(run(first).integerOr("total_files_processed", -1), 2);
    EXPECT_EQ(told.integerOr("file_count", -1), 2);
    EXPECT_EQ(run(first).integerOr("files_new", -1), 2);
    EXPECT_EQ(get("/api/v1/restic/snapshots/" + told.stringOr("id")).stringOr("snapshot_id"),
              real.stringOr("id"));
    for (const auto& of : {"policies/" + policyId_, "repositories/" + repositoryId_}) {
        const auto same = get("/api/v1/restic/" + of + "/snapshots");
        ASSERT_EQ(same.find("items")->array()->size(), 1U) << of;
        EXPECT_EQ(same.find("items")->array()->front().stringOr("id"), told.stringOr("id")) << of;
    }

    // The second one saves what changed only.
    writeFile(source_ / "three.txt", "three three three");
    writeFile(source_ / "one.txt", "one, changed");
    const auto second = backupNow();
    ASSERT_EQ(outcome(second), "success");
    EXPECT_NE(second, first);
    EXPECT_EQ(run(second).integerOr("files_new", -1), 1);
    EXPECT_EQ(run(second).integerOr("files_changed", -1), 1);
    EXPECT_EQ(run(second).integerOr("files_unmodified", -1), 1);
    EXPECT_EQ(restic({"snapshots"}).array()->size(), 2U);
    const auto status = get("/api/v1/restic/status/web-01%3Anightly");
    EXPECT_EQ(status.stringOr("status"), "healthy");
    EXPECT_EQ(status.integerOr("snapshot_count"), 2);
    EXPECT_EQ(status.stringOr("latest_snapshot_id"), run(second).stringOr("snapshot_id"));
    ASSERT_TRUE(await([&] {
        return !get("/api/v1/restic/backup-runs/" + second + "/logs").find("items")->array()->empty();
    }));
    ASSERT_TRUE(await(
        [&] { return !get("/api/v1/restic/tasks/" + second + "/logs").find("items")->array()->empty(); }));
    EXPECT_EQ(get("/api/v1/restic/policies/" + policyId_).stringOr("last_run_status"), "success");
    EXPECT_EQ(get("/api/v1/restic/agents/" + agentId_).stringOr("status"), "online");
    for (const char* list : {"agents", "policies", "repositories", "tasks", "backup-runs", "snapshots"})
        EXPECT_FALSE(get(std::string("/api/v1/restic/") + list).find("items")->array()->empty()) << list;
    EXPECT_FALSE(get("/api/v1/restic/status").array()->empty());
    EXPECT_FALSE(get("/api/v1/audit").find("items")->array()->empty());

    // A clean stop, and a start with the same data.
    const auto [exit, took] = stopBackend();
    EXPECT_TRUE(exit.ok()) << exit.describe();
    EXPECT_LT(took, 10s);
    startBackend();
    EXPECT_EQ(run(second).stringOr("status"), "success");
    EXPECT_EQ(get("/api/v1/restic/snapshots").find("items")->array()->size(), 2U);
    const auto third = backupNow();
    ASSERT_EQ(outcome(third), "success") << "the agent comes back by itself";
    EXPECT_EQ(run(third).integerOr("files_unmodified", -1), 3);

    agent_->signal(SIGTERM);
    const auto agentExit = agent_->wait(20s);
    ASSERT_TRUE(agentExit);
    EXPECT_TRUE(agentExit->ok()) << agentExit->describe();
    agent_.reset();
}

TEST_P(WholeSystem, AKilledHostLosesNothing) {
    const auto id = slowBackup();
    killBackend();
    // The backup goes on without it; the agent keeps what it has to say.
    startBackend();
    ASSERT_EQ(outcome(id), "success") << core::json::write(task(id));
    EXPECT_EQ(task(id).integerOr("attempt"), 1);
    const auto listed = restic({"snapshots"});
    ASSERT_EQ(listed.array()->size(), 1U);
    EXPECT_EQ(run(id).stringOr("snapshot_id"), listed.array()->front().stringOr("id"));
    EXPECT_EQ(run(id).stringOr("status"), "success");
}

TEST_P(WholeSystem, AKilledAgentLosesNothing) {
    const auto id = slowBackup();
    killAgentOnly();
    startAgent();
    ASSERT_EQ(outcome(id), "success") << core::json::write(task(id));
    const auto listed = restic({"snapshots"});
    ASSERT_EQ(listed.array()->size(), 1U) << "one backup, one snapshot";
    EXPECT_EQ(run(id).stringOr("snapshot_id"), listed.array()->front().stringOr("id"));
}

class Backups : public BackupSystemTest {};

TEST_F(Backups, AScheduleFires) {
    begin();
    auto body = policyBody("every night");
    body.set("include_paths", Array{source_.string()});
    body.set("repository_id", repositoryId_);
    const auto policy = post("/api/v1/restic/policies", body, 201).stringOr("id");
    ASSERT_EQ(
        api()
            .send("PUT", "/api/v1/restic/agents/" + agentId_ + "/policies/" + policy, "Bearer " + admin_)
            .status,
        204);
    const auto planned = get("/api/v1/restic/policies/" + policy).stringOr("next_run_at");
    EXPECT_EQ(planned.substr(10), "T02:00:00.000Z");
    const auto slot = core::SystemClock().now();
    ASSERT_TRUE(setNextRun(policy, slot));
    std::string id;
    ASSERT_TRUE(await([&] {
        const auto tasks = get("/api/v1/restic/tasks?policy_id=" + policy);
        if (!tasks.find("items")->array()->empty())
            id = tasks.find("items")->array()->back().stringOr("id");
        return !id.empty();
    }));
    EXPECT_EQ(task(id).stringOr("scheduled_at"), core::formatInstant(slot));
    EXPECT_EQ(get("/api/v1/restic/policies/" + policy).stringOr("next_run_at"), planned);
    EXPECT_EQ(outcome(id), "success");
}

TEST_F(Backups, ARunningOneIsCancelled) {
    begin();
    const auto id = slowBackup();
    EXPECT_EQ(api().send("DELETE", "/api/v1/restic/tasks/" + id, "Bearer " + admin_).status, 202);
    EXPECT_EQ(outcome(id), "cancelled");
    EXPECT_EQ(run(id).stringOr("status"), "cancelled");
    EXPECT_TRUE(restic({"snapshots"}).array()->empty());
    EXPECT_TRUE(std::filesystem::is_empty(repository_ / "locks")) << "restic left its lock";
    EXPECT_EQ(api().send("DELETE", "/api/v1/restic/tasks/" + id, "Bearer " + admin_).error(),
              "TaskAlreadyFinished");
    const auto again = api().send("POST", "/api/v1/restic/tasks/" + id + "/retry", "Bearer " + admin_);
    ASSERT_EQ(again.status, 202);
    EXPECT_EQ(outcome(again.id()), "success");
    EXPECT_EQ(task(again.id()).stringOr("retry_of"), id);
}

TEST_F(Backups, UnreadFilesAreAWarning) {
    begin();
    // Nobody may read the second one, not even root.
    auto body = policyBody("nightly");
    body.set("include_paths", Array{source_.string(), "/proc/1/mem"});
    body.set("repository_id", repositoryId_);
    const auto changed = api().send("PUT", "/api/v1/restic/policies/" + policyId_, admin_, body);
    ASSERT_EQ(changed.status, 200) << changed.body;
    const auto id = backupNow();
    ASSERT_EQ(outcome(id), "warning");
    const auto saved = run(id);
    EXPECT_EQ(saved.stringOr("snapshot_id"), restic({"snapshots"}).array()->front().stringOr("id"));
    EXPECT_EQ(saved.integerOr("unread_count"), 1);
    ASSERT_EQ(saved.find("unread_items")->array()->size(), 1U);
    EXPECT_EQ(saved.find("unread_items")->array()->front().stringOr("path"), "/proc/1/mem");
    const auto status = get("/api/v1/restic/status/web-01%3Anightly");
    EXPECT_EQ(status.stringOr("status"), "warning");
    EXPECT_EQ(status.find("error")->stringOr("error"), "UnreadFiles");
}

TEST_F(Backups, FailuresHaveTheirNames) {
    begin();
    const auto error = [&](const std::string& id) {
        EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
        const auto ended = task(id);
        EXPECT_FALSE(ended.find("error")->stringOr("hint").empty());
        EXPECT_EQ(ended.integerOr("attempt"), 1) << "a second try cannot mend this";
        return ended.find("error")->stringOr("error");
    };
    ASSERT_EQ(outcome(backupNow()), "success");
    EXPECT_EQ(error(backupNow({{"sources", Array{(dir_ / "gone").string()}}})), "SourceNotFound");
    const auto changed = api().send("PUT", "/api/v1/restic/repositories/" + repositoryId_, admin_,
                                    Object{{"name", "store"},
                                           {"type", "local"},
                                           {"url", repository_.string()},
                                           {"password", "another one"}});
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(error(backupNow()), "AuthenticationFailed");
    const auto status = get("/api/v1/restic/status/web-01%3Anightly");
    EXPECT_EQ(status.stringOr("status"), "unhealthy");
    EXPECT_EQ(status.find("error")->stringOr("error"), "BackupFailed");
    EXPECT_EQ(restic({"snapshots"}).array()->size(), 1U);
    traffic_->opens(repositoryId_, kRepositoryPassword); // the other one was never its
}

TEST_F(Backups, WithoutResticTheAgentSaysSo) {
    agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = "/nowhere/restic";
    begin();
    EXPECT_TRUE(
        await([&] { return get("/api/v1/restic/agents/" + agentId_).stringOr("status") == "error"; }));
    const auto id = backupNow();
    ASSERT_EQ(outcome(id), "failed");
    EXPECT_EQ(task(id).find("error")->stringOr("error"), "ResticNotFound");
    EXPECT_EQ(run(id).stringOr("status"), "failed");
}

} // namespace
} // namespace test
