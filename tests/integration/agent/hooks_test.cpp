#include <sys/stat.h>

#include "agent_fixture.h"

namespace test {
namespace {
using namespace std::chrono_literals;
using core::json::Object;

/// Programs of the machine's admin that run before and after a backup.
class HooksTest : public AgentTest {
protected:
    void SetUp() override {
        AgentTest::SetUp();
        configure("hooks:\n  dir: " + hooks_.string() + "\n  timeout: 2s\n");
        std::filesystem::create_directories(hooks_);
        std::filesystem::permissions(hooks_, std::filesystem::perms(0755));
        initRepository();
    }
    void addHook(const std::string& name, const std::string& body) {
        writeFile(hooks_ / name, "#!/bin/sh\n" + body + "\n");
        std::filesystem::permissions(hooks_ / name, std::filesystem::perms(0755));
    }
    /// The backup's end, with these hooks.
    core::json::Value run(const std::string& pre, const std::string& post) {
        const auto id = newId();
        auto task = backup(id);
        if (!pre.empty())
            task.set("pre_hook", pre);
        if (!post.empty())
            task.set("post_hook", post);
        server_.sendTask(task);
        const auto end = server_.awaitResult(id);
        EXPECT_TRUE(end);
        last_ = id;
        return end.value_or(core::json::Value());
    }
    std::string logOf(const std::string& id) {
        std::string all;
        for (const auto& line : server_.logLines(id))
            all += line + "\n";
        return all;
    }
    static std::string errorOf(const core::json::Value& end) {
        const auto* error = end.find("error");
        return error != nullptr ? error->stringOr("error") + ": " + error->stringOr("message") : "";
    }
    std::string savedOf(const core::json::Value& end) {
        return restic({"ls", field(end, "result", "snapshot_id")}).output;
    }
    bool has(const std::string& file) const { return std::filesystem::exists(dir_ / file); }

    std::filesystem::path hooks_ = dir_ / "hooks";
    std::string last_;
};

TEST_F(HooksTest, WhatRunsBeforeIsSavedAndWhatRunsAfterKnowsHowItEnded) {
    addHook("prepare", "echo made > " + (source_ / "made.txt").string() + "; echo prepared; echo aloud >&2");
    addHook("tidy", "env | grep RESTIC_MONITOR_ | sort > " + (dir_ / "told").string() +
                        "; env | grep -c -i -e password -e secret > " + (dir_ / "secrets").string() +
                        "; rm " + (source_ / "made.txt").string());
    enrollAndStart();
    const auto end = run("prepare", "tidy");
    EXPECT_EQ(end.stringOr("status"), "success") << core::json::write(end);
    EXPECT_NE(savedOf(end).find("made.txt"), std::string::npos);
    EXPECT_FALSE(has("source/made.txt"));
    const auto told = readFile(dir_ / "told");
    for (const auto& fact : {"HOOK=tidy", "STAGE=post", "OUTCOME=success"})
        EXPECT_NE(told.find(std::string("RESTIC_MONITOR_") + fact + "\n"), std::string::npos) << fact << '\n'
                                                                                              << told;
    EXPECT_NE(told.find("TASK_ID=" + last_), std::string::npos) << told;
    EXPECT_NE(told.find("SNAPSHOT_ID=" + field(end, "result", "snapshot_id")), std::string::npos) << told;
    EXPECT_EQ(readFile(dir_ / "secrets"), "0\n") << "hooks get nothing of restic's";
    const auto log = logOf(last_);
    EXPECT_NE(log.find("prepare: prepared"), std::string::npos) << log;
    EXPECT_NE(log.find("prepare: aloud"), std::string::npos) << log;
}

TEST_F(HooksTest, WhereWhatRunsBeforeFailsNothingIsSavedAndWhatRunsAfterRuns) {
    addHook("prepare", "echo no room; exit 3");
    addHook("tidy", "echo $RESTIC_MONITOR_OUTCOME > " + (dir_ / "outcome").string());
    enrollAndStart();
    const auto end = run("prepare", "tidy");
    EXPECT_EQ(end.stringOr("status"), "failed");
    EXPECT_EQ(errorOf(end), "HookFailed: The hook prepare ended with exit code 3");
    EXPECT_TRUE(RepositoryOnDisk(repository_, kPassword).snapshots().empty());
    EXPECT_EQ(readFile(dir_ / "outcome"), "failed\n");
    EXPECT_NE(logOf(last_).find("no room"), std::string::npos);
}

TEST_F(HooksTest, WhereWhatRunsAfterFailsTheBackupStandsWithAWarning) {
    addHook("tidy", "exit 1");
    enrollAndStart();
    const auto end = run("", "tidy");
    EXPECT_EQ(end.stringOr("status"), "warning") << core::json::write(end);
    EXPECT_NE(core::json::write(end).find("The hook tidy ended with exit code 1"), std::string::npos);
    EXPECT_FALSE(field(end, "result", "snapshot_id").empty());
}

TEST_F(HooksTest, OneThatHangsIsEndedWithAllThatItStarted) {
    addHook("hang", "sleep 987 & echo $! > " + (dir_ / "pid").string() + "; wait");
    enrollAndStart();
    EXPECT_EQ(errorOf(run("hang", "")),
              "HookFailed: The hook hang was ended: it had not ended in time (hooks.timeout)");
    EXPECT_TRUE(await([&] { return ::kill(std::stoi(readFile(dir_ / "pid")), 0) != 0; }, 20s));
}

TEST_F(HooksTest, ATaskThatIsCancelledEndsItsHook) {
    configure("hooks:\n  dir: " + hooks_.string() + "\n  timeout: 60s\n");
    addHook("slow", "touch " + (dir_ / "begun").string() + "; sleep 50");
    enrollAndStart();
    const auto id = newId();
    auto task = backup(id);
    task.set("pre_hook", "slow");
    server_.sendTask(task);
    ASSERT_TRUE(await([&] { return has("begun"); }, 20s));
    const auto began = std::chrono::steady_clock::now();
    server_.sendCancel(id);
    const auto end = server_.awaitResult(id);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->stringOr("status"), "cancelled") << core::json::write(*end);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
    EXPECT_TRUE(RepositoryOnDisk(repository_, kPassword).snapshots().empty());
}

TEST_F(HooksTest, NothingRunsThatIsNotTheAdmins) {
    addHook("changed", "touch " + (dir_ / "ran").string());
    std::filesystem::permissions(hooks_ / "changed", std::filesystem::perms(0777));
    writeFile(dir_ / "outside", "#!/bin/sh\ntouch " + (dir_ / "ran").string() + "\n");
    std::filesystem::permissions(dir_ / "outside", std::filesystem::perms(0755));
    std::filesystem::create_symlink(dir_ / "outside", hooks_ / "link");
    enrollAndStart();
    for (const std::string name :
         {"changed", "../outside", "/bin/true", "missing", "link", ".hidden", "a b"}) {
        const auto end = run(name, "");
        EXPECT_EQ(end.stringOr("status"), "failed") << name;
        EXPECT_TRUE(errorOf(end).starts_with("HookFailed: The hook ")) << errorOf(end);
    }
    EXPECT_FALSE(has("ran"));
}

TEST_F(HooksTest, TheMachineMayForbidThem) {
    addHook("prepare", "touch " + (dir_ / "ran").string());
    writeFile(dir_ / "rules.yaml", "hooks: false\n");
    std::filesystem::permissions(dir_ / "rules.yaml", std::filesystem::perms(0600));
    auto text = readFile(dir_ / "config.yaml");
    text.replace(text.find("agent:\n"), 7,
                 "agent:\n  local_policy: " + (dir_ / "rules.yaml").string() + "\n");
    writeFile(dir_ / "config.yaml", text);
    enrollAndStart();
    EXPECT_TRUE(errorOf(run("prepare", "")).starts_with("ForbiddenOnMachine"))
        << "even where the server asks";
    EXPECT_FALSE(has("ran"));
}

TEST_F(HooksTest, AnAgentThatComesBackRunsWhatIsToRunAfter) {
    addHook("tidy", "touch " + (dir_ / "tidied").string());
    makeLargeSource(4'000'000);
    enrollAndStart();
    const auto id = newId();
    auto task = backup(id);
    task.set("limit_upload_kib", 700);
    task.set("post_hook", "tidy");
    server_.sendTask(task);
    ASSERT_TRUE(await([&] { return resticPid(id) && locks() == 1; }, 20s));
    killAgent();
    EXPECT_FALSE(has("tidied"));
    startAgent();
    const auto end = server_.awaitResult(id, 60s);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->stringOr("status"), "success") << core::json::write(*end);
    EXPECT_TRUE(has("tidied"));
}

} // namespace
} // namespace test
