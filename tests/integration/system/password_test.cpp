#include "integration/system/agent_fixture.h"
#include "support/restics.h"

/// A repository's password is changed by a real agent: whoever dies meanwhile, one that the host knows opens
/// the repository.
namespace test {
namespace {

class Password : public BackupSystemTest {
protected:
    static constexpr auto kNew = "canary-of-tomorrow-3";

    /// A host, an agent with that restic, a repository on its disk and a first backup in it.
    void beginWith(const std::string& program) {
        program_ = program;
        writeFile(source_ / "one.txt", "one");
        startBackend();
        enroll();
        const auto configuration = readFile(dir_ / "agent.yaml");
        writeFile(dir_ / "agent.yaml", configuration + "  binary: " + program + "\n");
        startAgent();
        repositoryId_ = post("/api/v1/restic/repositories",
                             {{"name", "store"},
                              {"type", "local"},
                              {"url", repository_.string()},
                              {"agent_id", agentId_},
                              {"maintenance", farMaintenance()},
                              {"password", kRepositoryPassword}},
                             201)
                            .stringOr("id");
        auto body = policyBody("nightly");
        body.set("include_paths", Array{source_.string()});
        body.set("repository_id", repositoryId_);
        policyId_ = post("/api/v1/restic/policies", body, 201).stringOr("id");
        const auto linked = api().send("PUT", "/api/v1/restic/agents/" + agentId_ + "/policies/" + policyId_,
                                       "Bearer " + admin_);
        ASSERT_EQ(linked.status, 204) << linked.body;
        ASSERT_EQ(outcome(backupNow()), "success");
    }
    /// A restic that waits once it has added a key, until it is let go.
    std::string waitingRestic() {
        const auto program = dir_ / "waiting";
        writeFile(program, "#!/bin/sh\nrestic \"$@\"; code=$?\ncase \"$*\" in *' add '*) : >" +
                               added().string() + "; while [ ! -e " + goOn().string() +
                               " ]; do sleep 0.1; done;; esac\nexit $code\n");
        std::filesystem::permissions(program, std::filesystem::perms(0755));
        return program.string();
    }
    std::filesystem::path added() const { return dir_ / "added"; }
    std::filesystem::path goOn() const { return dir_ / "go-on"; }
    bool isAdded() {
        return await([&] { return std::filesystem::exists(added()); }, 60s);
    }

    std::string path() const { return "/api/v1/restic/repositories/" + repositoryId_; }
    std::string change(const std::string& password = kNew) {
        return post(path() + "/password", {{"password", password}}, 202).stringOr("id");
    }
    /// Of the repository's last task of that kind: how it ended.
    std::string last(const std::string& kind) {
        const auto shown = get(path());
        for (const auto& one : *shown.find("maintenance")->find("last")->array())
            if (one.stringOr("kind") == kind)
                return one.stringOr("status");
        return "";
    }
    /// Restic itself, with what somebody types.
    bool opens(const std::string& password) {
        writeFile(dir_ / "typed", password + "\n");
        core::ProcessSpec spec;
        spec.program = program_.starts_with(dir_.path().string()) ? "restic" : program_;
        spec.arguments = {"cat", "config", "--no-lock", "--password-file", (dir_ / "typed").string()};
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"RESTIC_REPOSITORY", repository_.string()},
                            {"RESTIC_CACHE_DIR", (dir_ / "cache").string()}};
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        const auto ended = runner_.run(spec).value();
        std::filesystem::remove(dir_ / "typed");
        if (!ended.exit.ok()) {
            EXPECT_NE(ended.error.find("wrong password"), std::string::npos) << ended.error;
        }
        return ended.exit.ok();
    }
    void expectChanged() {
        ASSERT_TRUE(await([&] { return last("remove_key") == "success"; }, 60s))
            << core::json::write(get(path()));
        EXPECT_EQ(last("add_key"), "success");
        traffic_->opens(repositoryId_, kNew);
        EXPECT_FALSE(opens(kRepositoryPassword));
        EXPECT_TRUE(opens(kNew));
        EXPECT_EQ(outcome(backupNow()), "success");
        EXPECT_EQ(kept("secrets WHERE owner_table = 'restic_tasks'"), 0);
    }
    std::int64_t kept(const std::string& rows) {
        return openDatabase()
            ->run(core::SystemContext("test"), {{"SELECT count(*) FROM " + rows}}, false)
            .at(0)
            .rows[0]
            .integer(0);
    }

    std::string program_ = "restic";
};

class PasswordOf : public Password, public testing::WithParamInterface<Restic> {};
INSTANTIATE_TEST_SUITE_P(Restic, PasswordOf, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(PasswordOf, IsChangedBetweenTwoBackups) {
    beginWith(GetParam().program);
    EXPECT_TRUE(opens(kRepositoryPassword));
    const auto id = change();
    EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
    EXPECT_EQ(task(id).stringOr("type"), "add_key");
    expectChanged();
    const auto audit = get("/api/v1/audit?action=restic.repository.password_changed");
    ASSERT_EQ(audit.find("items")->array()->size(), 1U);
    EXPECT_EQ(audit.find("items")->array()->front().stringOr("object_id"), repositoryId_);
}

TEST_F(Password, IsChangedThoughTheHostDiesBeforeItHearsOfTheKey) {
    beginWith(waitingRestic());
    change();
    ASSERT_TRUE(isAdded());
    EXPECT_TRUE(opens(kRepositoryPassword));
    EXPECT_TRUE(opens(kNew));
    killBackend();
    writeFile(goOn(), "");
    startBackend();
    expectChanged();
}

TEST_F(Password, IsChangedThoughTheAgentDiesWithTheKeyInPlace) {
    beginWith(waitingRestic());
    const auto id = change();
    ASSERT_TRUE(isAdded());
    agent_->signal(SIGKILL);
    ASSERT_TRUE(agent_->wait(10s));
    writeFile(goOn(), "");
    startAgent();
    EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
    EXPECT_EQ(task(id).integerOr("attempt"), 2);
    expectChanged();
}

TEST_F(Password, StaysWhereTheChangeIsCancelled) {
    beginWith("restic");
    const auto paused =
        api().send("PUT", "/api/v1/restic/agents/" + agentId_, "Bearer " + admin_, R"({"paused":true})");
    ASSERT_EQ(paused.status, 200) << paused.body;
    const auto id = change();
    const auto second = api().post(path() + "/password", admin_, {{"password", "canary-of-another-4"}});
    EXPECT_EQ(second.status, 409);
    EXPECT_EQ(second.error(), "PasswordChanging") << second.body;
    EXPECT_EQ(kept("secrets WHERE owner_table = 'restic_tasks'"), 1);
    EXPECT_EQ(api().send("DELETE", "/api/v1/restic/tasks/" + id, "Bearer " + admin_).status, 202);
    EXPECT_EQ(outcome(id), "cancelled");
    EXPECT_EQ(kept("secrets WHERE owner_table = 'restic_tasks'"), 0);
    EXPECT_EQ(api().post("/api/v1/restic/tasks/" + id + "/retry", admin_, Object{}).status, 409);
    EXPECT_EQ(api()
                  .send("PUT", "/api/v1/restic/agents/" + agentId_, "Bearer " + admin_, R"({"paused":false})")
                  .status,
              200);
    EXPECT_EQ(outcome(backupNow()), "success");
    EXPECT_TRUE(opens(kRepositoryPassword));
    EXPECT_FALSE(opens(kNew));
}

TEST_F(Password, IsRefusedWhereItIsNotTheHostsToChange) {
    beginWith("restic");
    const auto answer = [&](const std::string& password) {
        return api().post(path() + "/password", admin_, {{"password", password}});
    };
    EXPECT_EQ(answer(kRepositoryPassword).pointers(), std::vector<std::string>{"/password"});
    EXPECT_EQ(answer(" untidy ").pointers(), std::vector<std::string>{"/password"});
    for (const auto* kind : {"add_key", "remove_key"}) {
        const Object asked{
            {"type", kind}, {"repository_id", repositoryId_}, {"parameters", Object{{"key_id", "aaaaaaaa"}}}};
        EXPECT_EQ(api().post("/api/v1/restic/tasks", admin_, asked).pointers(),
                  std::vector<std::string>{"/type"})
            << "a password has no business among a task's parameters";
    }
    const auto inFile = post("/api/v1/restic/repositories",
                             {{"name", "elsewhere"},
                              {"type", "local"},
                              {"url", (dir_ / "elsewhere").string()},
                              {"agent_id", agentId_},
                              {"maintenance", farMaintenance()},
                              {"password_file", "/etc/restic/password"}},
                             201)
                            .stringOr("id");
    const auto refused =
        api().post("/api/v1/restic/repositories/" + inFile + "/password", admin_, {{"password", kNew}});
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.error(), "PasswordElsewhere");
    EXPECT_NE(refused.body.find("/etc/restic/password"), std::string::npos) << refused.body;
    EXPECT_EQ(kept("restic_tasks WHERE type <> 'backup'"), 0);
}

} // namespace
} // namespace test
