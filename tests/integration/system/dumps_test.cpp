#include "integration/system/agent_fixture.h"

/// Dump plugins as an admin meets them: an agent tells of its plugins, they are set up and tried from afar,
/// each database is a snapshot of its own, and comes back under another name.
namespace test {
namespace {

class Dumps : public BackupSystemTest {
protected:
    void SetUp() override {
        agentEnvironment_["RESTIC_AGENT_PLUGIN_PATH"] = std::string(AE_BUILD_DIR) + "/tests/agent_plugins";
        begin();
        ASSERT_TRUE(await([&] { return plugin().object() != nullptr; })) << "the agent tells of no plugin";
    }

    std::string pluginsPath() const { return "/api/v1/restic/agents/" + agentId_ + "/plugins"; }
    Value plugin() {
        const auto all = get(pluginsPath());
        const auto* items = all.find("items");
        return items->array()->empty() ? Value() : items->array()->front();
    }
    Value set(const Object& body) {
        const auto answer =
            api().send("PUT", pluginsPath() + "/trouble", "Bearer " + admin_, core::json::write(body));
        EXPECT_EQ(answer.status, 202) << answer.body;
        return answer.json;
    }
    /// Switches the plugin on and waits until the agent has told so.
    void enable(Object settings = {}) {
        if (settings.find("password") == nullptr)
            settings.set("password", kPassword);
        succeed(set({{"enabled", true}, {"settings", settings}}).stringOr("id"));
        ASSERT_TRUE(await([&] { return plugin().booleanOr("enabled"); }));
    }
    Value usePlugin(const std::string& onError = "fail", Object settings = {}, int status = 200,
                    bool withFiles = false) {
        auto body = policyBody("nightly");
        body.set("include_paths", Array{source_.string()});
        body.set("repository_id", repositoryId_);
        body.set("plugins", Array{Object{{"name", "trouble"},
                                         {"on_error", onError},
                                         {"settings", settings},
                                         {"with_files", withFiles}}});
        const auto answer = api().send("PUT", "/api/v1/restic/policies/" + policyId_, "Bearer " + admin_,
                                       core::json::write(body));
        EXPECT_EQ(answer.status, status) << answer.body;
        return answer.json;
    }
    Array dumps() {
        const auto all = get("/api/v1/restic/agents/" + agentId_ + "/dumps");
        return *all.find("items")->array();
    }

    static constexpr auto kPassword = "canary-of-the-plugin-6";
};

TEST_F(Dumps, APluginIsSetUpTriedUsedAndItsDumpComesBackUnderAnotherName) {
    EXPECT_EQ(plugin().stringOr("version"), "1.2.3");
    EXPECT_FALSE(plugin().booleanOr("enabled"));
    enable({{"items", Array{"shop", "crm"}}});
    const auto told = plugin();
    const auto& sets = *told.find("sets")->array();
    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(*sets[0].find("secrets")->array()->front().string(), "password");
    EXPECT_EQ(sets[0].find("settings")->find("password"), nullptr) << "secrets are never read back";

    // A test of settings that nobody saved, with the secret that is kept.
    const auto tested = post(pluginsPath() + "/trouble/test",
                             {{"settings", Object{{"items", Array{"one", "two", "three"}}}}}, 202);
    const auto found = succeed(tested.stringOr("id"));
    EXPECT_TRUE(found.booleanOr("ready"));
    EXPECT_EQ(found.find("items")->array()->size(), 3U);
    EXPECT_EQ(found.stringOr("server"), "Trouble 7");

    usePlugin();
    const auto id = backupNow();
    EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
    const auto known = dumps();
    ASSERT_EQ(known.size(), 2U);
    EXPECT_EQ(known[0].stringOr("database"), "crm");
    EXPECT_EQ(known[0].integerOr("bytes"), 300000);
    EXPECT_EQ(known[0].stringOr("policy"), "nightly");
    const auto listed = get("/api/v1/restic/snapshots?dumps=true");
    EXPECT_EQ(listed.find("items")->array()->size(), 2U);
    EXPECT_EQ(get("/api/v1/restic/snapshots?dumps=false").find("items")->array()->size(), 1U);

    const auto snapshot = known[0].stringOr("snapshot_id");
    ASSERT_FALSE(snapshot.empty());
    const auto back = (dir_ / "crm.back").string();
    const auto restored =
        post("/api/v1/restic/snapshots/" + snapshot + "/restore", {{"database", back}}, 202);
    const auto result = succeed(restored.stringOr("id"));
    EXPECT_EQ(result.stringOr("database"), back);
    const auto text = readFile(back);
    EXPECT_EQ(text.size(), 300000U);
    EXPECT_TRUE(text.starts_with("crm\ncrm\n"));

    // A snapshot of files is no dump, and a plugin without the capability cannot try one.
    const auto files =
        get("/api/v1/restic/snapshots?dumps=false").find("items")->array()->front().stringOr("id");
    EXPECT_EQ(post("/api/v1/restic/snapshots/" + files + "/restore", {}, 409).stringOr("error"), "NotADump");
    const auto tried = post("/api/v1/restic/snapshots/" + snapshot + "/verify", {}, 202).stringOr("id");
    EXPECT_EQ(outcome(tried), "failed");
    EXPECT_EQ(task(tried).find("error")->stringOr("message"), "The plugin trouble cannot verify a dump");
}

TEST_F(Dumps, SeveralInTheSnapshotOfTheFilesAreToldApartWhenOneComesBack) {
    enable({{"items", Array{"shop", "crm"}}});
    EXPECT_TRUE(usePlugin("fail", {}, 200, true).find("plugins")->array()->front().booleanOr("with_files"));
    const auto id = backupNow();
    EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
    for (const auto* filter : {"?dumps=true", "?dumps=false", ""}) {
        const auto listed = get(std::string("/api/v1/restic/snapshots") + filter);
        const auto& items = *listed.find("items")->array();
        ASSERT_EQ(items.size(), 1U) << filter;
        EXPECT_EQ(items[0].find("dumps")->array()->size(), 2U);
    }
    const auto known = dumps();
    ASSERT_EQ(known.size(), 2U);
    const auto path = "/api/v1/restic/snapshots/" + known[0].stringOr("snapshot_id") + "/restore";
    const auto which = post(path, {{"database", "new"}}, 400);
    EXPECT_NE(core::json::write(which).find("shop (trouble), crm (trouble)"), std::string::npos)
        << core::json::write(which);
    post(path, {{"dump", "none of them"}, {"database", "new"}}, 400);
    const auto back = (dir_ / "crm.back").string();
    const auto restored =
        post(path, {{"plugin", "trouble"}, {"dump", "crm"}, {"database", back}}, 202).stringOr("id");
    succeed(restored);
    EXPECT_TRUE(readFile(back).starts_with("crm\ncrm\n"));
}

TEST_F(Dumps, WhatAFailedDumpDoesIsSaidByThePolicyAndHoldsTheRetention) {
    enable({{"items", Array{"shop", "broken"}}, {"broken", "broken"}});
    usePlugin();
    EXPECT_EQ(outcome(backupNow()), "success");
    usePlugin("fail", {{"dump", "fail"}});
    const auto failed = backupNow();
    EXPECT_EQ(outcome(failed), "failed");
    EXPECT_EQ(task(failed).find("error")->stringOr("error"), "PluginFailed");
    EXPECT_EQ(run(failed).stringOr("status"), "failed");
    const auto known = dumps();
    ASSERT_EQ(known.size(), 2U);
    EXPECT_EQ(known[0].stringOr("state"), "failed");
    EXPECT_EQ(known[0].stringOr("error"), "The server went away");
    EXPECT_FALSE(known[0].stringOr("last_saved_at").empty()) << "how old the last one is";
    EXPECT_EQ(known[1].stringOr("state"), "saved");

    for (const auto& [onError, status] : {std::pair{"warn", "warning"}, {"ignore", "success"}}) {
        usePlugin(onError, {{"dump", "fail"}});
        EXPECT_EQ(outcome(backupNow()), status) << onError;
        // Nothing old goes while a database has no new dump.
        const auto held = post("/api/v1/restic/tasks",
                               {{"type", "forget"},
                                {"agent_id", agentId_},
                                {"policy_id", policyId_},
                                {"confirm_removal", true},
                                {"parameters", Object{{"retention", Object{{"keep_last", 1}}}}}},
                               202)
                              .stringOr("id");
        EXPECT_EQ(outcome(held), "failed") << onError;
        EXPECT_NE(task(held).find("error")->stringOr("message").find("There is no new dump of broken"),
                  std::string::npos)
            << core::json::write(task(held));
    }
}

TEST_F(Dumps, ADumpOfHalfItsUsualSizeIsAWarning) {
    enable();
    usePlugin();
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(outcome(backupNow()), "success");
    usePlugin("fail", {{"bytes", 100000}});
    const auto id = backupNow();
    EXPECT_EQ(outcome(id), "warning");
    EXPECT_EQ(run(id).stringOr("error_message"),
              "The dump of shop (trouble) has 97.7 KiB; the last ones had about 293 KiB.");
}

TEST_F(Dumps, APolicySaysWhatAnAgentLacksWhenItIsSaved) {
    auto refused = usePlugin("fail", {}, 409);
    EXPECT_NE(core::json::write(refused).find("is switched off on web-01"), std::string::npos)
        << core::json::write(refused);
    enable();
    refused = usePlugin("fail", {{"host", "elsewhere"}}, 409);
    EXPECT_NE(core::json::write(refused).find("/plugins/0/settings/host"), std::string::npos);
    auto body = policyBody("other");
    body.set("plugins", Array{Object{{"name", "oracle"}}});
    const auto unknown = post("/api/v1/restic/policies", body, 409);
    EXPECT_NE(core::json::write(unknown).find("No agent has the plugin"), std::string::npos);
    body.set("plugins",
             Array{Object{{"name", "trouble"}}, Object{{"name", "trouble"}, {"on_error", "warn"}}});
    const auto twice = post("/api/v1/restic/policies", body, 400);
    EXPECT_NE(core::json::write(twice).find("/plugins/1"), std::string::npos) << core::json::write(twice);
    // A policy of databases alone needs no path.
    body.set("plugins", Array{Object{{"name", "trouble"}}});
    body.set("include_paths", Array{});
    body.set("repository_id", repositoryId_);
    post("/api/v1/restic/policies", body, 201);
}

TEST_F(Dumps, NoSecretFollowsToAnotherServerAndNoneOfTheMachineIsSetFromAfar) {
    enable();
    const auto moved = set({{"settings", Object{{"host", "elsewhere.example.com"}}}}).stringOr("id");
    EXPECT_EQ(outcome(moved), "failed");
    EXPECT_NE(task(moved).find("error")->stringOr("message").find("password: must be given again"),
              std::string::npos)
        << core::json::write(task(moved));
    const auto file = set({{"settings", Object{{"password_file", "/etc/shadow"}}}}).stringOr("id");
    EXPECT_EQ(outcome(file), "failed");
    EXPECT_NE(task(file).find("error")->stringOr("message").find("is changed on the machine only"),
              std::string::npos);
    const auto bad = api().send("PUT", pluginsPath() + "/trouble", "Bearer " + admin_,
                                R"({"settings":{"bytes":"many","nonsense":1}})");
    EXPECT_EQ(bad.status, 400);
    EXPECT_NE(bad.body.find("/settings/nonsense"), std::string::npos) << bad.body;
    const auto viewer = apiToken("viewer");
    EXPECT_EQ(api().get(pluginsPath(), viewer).status, 200);
    EXPECT_EQ(api().send("PUT", pluginsPath() + "/trouble", "Bearer " + viewer, "{}").status, 403);
    EXPECT_EQ(api().send("POST", pluginsPath() + "/trouble/test", "Bearer " + viewer, "{}").status, 403);
}

} // namespace
} // namespace test
