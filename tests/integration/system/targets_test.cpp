#include "integration/system/system_fixture.h"
#include "support/certificates.h"

/// Repositories that the real host looks at itself, as people see them through the API.
namespace test {
namespace {

class Targets : public SystemTest {
protected:
    void SetUp() override {
        std::filesystem::create_directories(roots_);
        environment_["AE_DIRECT_LOCAL_ROOTS"] = roots_.string();
        environment_["AE_RESTIC_MONITOR_CACHE_DIR"] = (dir_ / "monitor-cache").string();
    }

    /// restic by hand, as a cron job calls it.
    void byHand(const std::string& name, std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = "restic";
        spec.arguments = std::move(arguments);
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"RESTIC_PASSWORD", kRepositoryPassword},
                            {"RESTIC_REPOSITORY", (roots_ / name).string()},
                            {"RESTIC_CACHE_DIR", (dir_ / "cron-cache").string()}};
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = 60s;
        const auto result = runner_.run(spec).value();
        ASSERT_TRUE(result.exit.ok()) << result.error;
    }
    void makeRepository(const std::string& name) {
        byHand(name, {"init"});
        writeFile(dir_ / "source/one.txt", "one");
        byHand(name, {"backup", (dir_ / "source").string(), "--host=old-server"});
    }
    /// By default restic is nobody's, where the host is root.
    void letOthersRead() {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(roots_))
            std::filesystem::permissions(entry.path(), entry.is_directory() ? std::filesystem::perms(0755)
                                                                            : std::filesystem::perms(0644));
        for (auto folder = roots_; folder != folder.root_path(); folder = folder.parent_path())
            std::filesystem::permissions(folder, std::filesystem::perms::others_exec,
                                         std::filesystem::perm_options::add);
    }
    std::string repositoryOf(const std::string& name) {
        return post("/api/v1/restic/repositories",
                    Object{{"name", name},
                           {"type", "local"},
                           {"url", (roots_ / name).string()},
                           {"password", kRepositoryPassword}},
                    201)
            .stringOr("id");
    }
    std::string watch(const std::string& name) {
        return post("/api/v1/restic/targets", Object{{"name", name}, {"repository_id", repositoryOf(name)}},
                    201)
            .stringOr("id");
    }
    Value status(const std::string& name) { return get("/api/v1/restic/status/" + name); }
    void lookNow(const std::string& name) {
        const auto before = status(name).stringOr("checked_at");
        post("/api/v1/restic/status/" + name + "/refresh", {}, 202);
        ASSERT_TRUE(await([&] { return status(name).stringOr("checked_at") != before; }, 60s));
    }

    std::filesystem::path roots_ = dir_ / "repositories";
};

TEST_F(Targets, WhatIsTooOldIsInTheCompliance) {
    environment_["AE_RESTIC_POLICIES_EVALUATION_INTERVAL"] = "1s";
    makeRepository("fresh");
    byHand("stale", {"init"});
    byHand("stale", {"backup", (dir_ / "source").string(), "--time=2020-01-02 03:04:05"});
    letOthersRead();
    startBackend();
    const auto fresh = watch("fresh");
    const auto stale = watch("stale");
    ASSERT_TRUE(await([&] { return status("fresh").stringOr("status") == "healthy"; }, 60s));
    ASSERT_TRUE(await([&] { return status("stale").stringOr("status") == "unhealthy"; }, 60s));
    EXPECT_EQ(status("stale").find("lights")->find("backup")->stringOr("state"), "bad");
    EXPECT_EQ(status("stale").find("lights")->find("check")->stringOr("reason"), "NotYet");
    EXPECT_EQ(status("stale").find("lights")->find("retention")->stringOr("state"), "none");

    // The labels stand in the order of the metric's own, behind those of the host.
    const auto numbers = api().get("/metrics", admin_).body;
    std::map<std::string, std::string> lights;
    std::istringstream lines(numbers);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("restic_target_light{") && line.find("light=\"backup\"") != std::string::npos)
            lights[line.find("target=\"stale\"") != std::string::npos ? "stale" : "fresh"] =
                line.substr(line.rfind(' ') + 1);
    EXPECT_EQ(lights, (std::map<std::string, std::string>{{"fresh", "0"}, {"stale", "2"}})) << numbers;

    const auto found = get("/api/v1/restic/compliance");
    ASSERT_EQ(found.find("items")->array()->size(), 2U);
    const auto& whole = found.find("items")->array()->at(0);
    const auto& broken = found.find("items")->array()->at(1);
    EXPECT_EQ(whole.stringOr("target_id"), fresh);
    EXPECT_EQ(*whole.find("compliant")->boolean(), true);
    EXPECT_EQ(broken.stringOr("target_id"), stale);
    EXPECT_EQ(*broken.find("compliant")->boolean(), false);
    EXPECT_EQ(broken.find("violations")->array()->at(0).stringOr("type"), "snapshot_too_old");
    EXPECT_EQ(broken.find("violations")->array()->at(0).stringOr("severity"), "critical");

    const auto table = api().send("GET", "/api/v1/restic/compliance/table", "Bearer " + admin_);
    EXPECT_TRUE(table.headers.at("content-type").starts_with("text/csv"));
    EXPECT_NE(table.body.find("stale,,false,snapshot_too_old,critical,"), std::string::npos) << table.body;
    const auto daysOfStale = [&] {
        const auto all = get("/api/v1/restic/compliance/days?days=2&target_id=" + stale);
        return all.find("items")->array()->empty() ? Value() : all.find("items")->array()->at(0);
    };
    // Before the first look nobody knew how it is.
    ASSERT_TRUE(await(
        [&] {
            const auto shown = daysOfStale();
            const auto* days = shown.find("days");
            return days != nullptr && days->array()->at(0).stringOr("status") == "unhealthy";
        },
        60s));
    const auto month = daysOfStale().find("days")->array()->at(0).stringOr("day").substr(0, 7);
    const auto page =
        api().send("GET", "/api/v1/restic/compliance/report?month=" + month, "Bearer " + admin_);
    EXPECT_TRUE(page.headers.at("content-type").starts_with("text/html"));
    EXPECT_NE(page.body.find("stale"), std::string::npos);
    EXPECT_EQ(api().send("GET", "/api/v1/restic/compliance/report?month=2026-13", "Bearer " + admin_).status,
              400);
    EXPECT_EQ(
        api().send("GET", "/api/v1/restic/policies/" + stale + "/compliance", "Bearer " + admin_).error(),
        "PolicyNotFound");
}

TEST_F(Targets, AreWatchedWithoutAnAgent) {
    makeRepository("old");
    letOthersRead();
    startBackend();
    const auto target = watch("old");
    ASSERT_TRUE(await([&] { return status("old").stringOr("status") == "healthy"; }, 60s))
        << core::json::write(status("old"));

    // What old scripts read, in the order in which it was published.
    std::vector<std::string> names;
    const auto shown = status("old");
    for (const auto& [name, value] : shown.object()->members())
        names.push_back(name);
    names.resize(7);
    EXPECT_EQ(names, (std::vector<std::string>{"name", "mode", "agent_id", "status", "last_snapshot",
                                               "snapshot_age_hours", "source"}));
    EXPECT_EQ(shown.stringOr("mode"), "direct");
    EXPECT_EQ(shown.stringOr("source"), "direct_poll");
    EXPECT_EQ(shown.integerOr("snapshot_age_hours", -1), 0);
    EXPECT_EQ(shown.integerOr("snapshot_count"), 1);

    const auto snapshots = get("/api/v1/restic/status/old/snapshots");
    ASSERT_EQ(snapshots.array()->size(), 1U);
    const auto& snapshot = snapshots.array()->front();
    EXPECT_EQ(snapshot.stringOr("hostname"), "old-server");
    for (const auto* id : {"snapshot_id", "short_id", "id"}) {
        const auto files = get("/api/v1/restic/status/old/snapshots/" + snapshot.stringOr(id) + "/files");
        const auto text = core::json::write(files);
        EXPECT_NE(text.find((dir_ / "source/one.txt").string()), std::string::npos) << text;
    }
    EXPECT_EQ(api().get("/api/v1/restic/status/old/snapshots/ffffffffffff/files", admin_).status, 404);
    EXPECT_EQ(api().get("/api/v1/restic/status/old/snapshots/--help/files", admin_).status, 404);

    writeFile(dir_ / "source/two.txt", "two");
    byHand("old", {"backup", (dir_ / "source").string(), "--host=old-server"});
    for (const auto& entry : std::filesystem::recursive_directory_iterator(roots_))
        std::filesystem::permissions(entry.path(), entry.is_directory() ? std::filesystem::perms(0755)
                                                                        : std::filesystem::perms(0644));
    ASSERT_NO_FATAL_FAILURE(lookNow("old"));
    EXPECT_EQ(status("old").integerOr("snapshot_count"), 2);
    EXPECT_GE(get("/api/v1/restic/targets/" + target + "/health-checks").find("items")->array()->size(), 2U);

    // A day later by the caller's own measure, and a repository that went away: what was seen stays.
    std::filesystem::rename(roots_ / "old", roots_ / "away");
    ASSERT_NO_FATAL_FAILURE(lookNow("old"));
    const auto gone = status("old");
    EXPECT_EQ(gone.stringOr("status"), "unhealthy");
    EXPECT_EQ(gone.find("error")->stringOr("error"), "RepositoryNotFound");
    EXPECT_EQ(gone.integerOr("snapshot_count"), 2);
    EXPECT_LT(gone.stringOr("seen_at"), gone.stringOr("checked_at"));
}

TEST_F(Targets, AreMadeChangedAndRemoved) {
    environment_["AE_RESTIC_MONITOR_USER"] = "root";
    makeRepository("one");
    startBackend();
    const auto repository = repositoryOf("one");
    const Object wanted{{"name", "one"}, {"repository_id", repository}, {"max_age_hours", 24}};
    const auto id = post("/api/v1/restic/targets", wanted, 201).stringOr("id");
    EXPECT_EQ(post("/api/v1/restic/targets", wanted, 409).stringOr("error"), "TargetAlreadyExists");
    EXPECT_EQ(
        post("/api/v1/restic/targets", Object{{"name", "x"}, {"repository_id", id}}, 404).stringOr("error"),
        "RepositoryNotFound");
    EXPECT_EQ(get("/api/v1/restic/targets").find("items")->array()->size(), 1U);
    EXPECT_EQ(get("/api/v1/restic/targets/" + id).integerOr("max_age_hours"), 24);

    const auto put = [&](const Object& body) {
        return api().send("PUT", "/api/v1/restic/targets/" + id, "Bearer " + admin_, core::json::write(body));
    };
    EXPECT_EQ(put(Object{{"name", "renamed"}, {"repository_id", repository}, {"disabled", true}}).status,
              200);
    EXPECT_EQ(status("renamed").stringOr("status"), "disabled");
    EXPECT_EQ(api().get("/api/v1/restic/status/one", admin_).status, 404);
    EXPECT_EQ(put(Object{{"name", "renamed"}, {"repository_id", repository}}).status, 200);
    EXPECT_TRUE(await([&] { return status("renamed").stringOr("status") == "healthy"; }, 60s));

    EXPECT_EQ(api().send("DELETE", "/api/v1/restic/repositories/" + repository, "Bearer " + admin_).status,
              409);
    EXPECT_EQ(api().send("DELETE", "/api/v1/restic/targets/" + id, "Bearer " + admin_).status, 204);
    EXPECT_EQ(api().get("/api/v1/restic/targets/" + id, admin_).status, 404);
    EXPECT_TRUE(get("/api/v1/restic/status").array()->empty());
    EXPECT_EQ(get("/api/v1/restic/snapshots").find("items")->array()->size(), 1U) << "they are still there";
}

TEST_F(Targets, AnswerOldScriptsThatSignInByBasic) {
    environment_["AE_RESTIC_MONITOR_USER"] = "root";
    makeRepository("one");
    startBackend();
    watch("one");
    const auto token =
        post("/api/v1/tokens", Object{{"name", "script"}, {"role", "viewer"}}, 201).stringOr("token");
    for (const auto* user : {"", "script"}) {
        const auto result = runTool("/usr/bin/base64", {"-w0"}, [&] {
            writeFile(dir_ / "credentials.tmp", std::string(user) + ":" + token);
            return dir_ / "credentials.tmp";
        }());
        std::filesystem::remove(dir_ / "credentials.tmp");
        const auto answer = api().send("GET", "/api/v1/restic/status?maxage=24", "Basic " + result.output);
        EXPECT_EQ(answer.status, 200) << answer.body;
        EXPECT_EQ(answer.json.array()->size(), 1U);
    }
    EXPECT_EQ(api().send("GET", "/api/v1/restic/status", "Basic eDp5").status, 401);
}

} // namespace
} // namespace test
