#include "dumps_fixture.h"
#include "support/sanitized.h"

namespace test {
namespace {
using namespace std::chrono_literals;

/// Of what is the same for every restic, once with one that runs the dump itself and once with one that does
/// not.
INSTANTIATE_TEST_SUITE_P(BothWays, DumpsTest, testing::Values(restics().front(), restics().back()),
                         [](const auto& it) { return it.param.name; });
class DumpNamesTest : public DumpsTest {};
INSTANTIATE_TEST_SUITE_P(AllRestics, DumpNamesTest, testing::ValuesIn(restics()),
                         [](const auto& it) { return it.param.name; });

TEST_P(DumpNamesTest, EachDatabaseIsASnapshotOfItsOwnBesideTheFiles) {
    set({"items: [shop, \"a/b, c\"]"});
    start();
    const auto report = resultOf(payload());
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    const auto dumps = dumpsOf(report);
    ASSERT_EQ(dumps.size(), 2U);
    EXPECT_EQ(dumps[0].stringOr("state"), "saved");
    EXPECT_EQ(dumps[0].integerOr("bytes"), 300000);
    EXPECT_EQ(dumps[0].stringOr("server"), "Trouble 7");
    EXPECT_EQ(dumps[0].stringOr("tool"), "troubledump 7.1");
    EXPECT_EQ(dumps[1].stringOr("database"), "a/b, c");
    EXPECT_EQ(saved().size(), 3U);
    const auto file = dumps[1].stringOr("file");
    EXPECT_TRUE(file.ends_with("a%2Fb%2C c.txt")) << file;
    const auto back = restic({"dump", dumps[1].stringOr("short_id"), file});
    EXPECT_EQ(back.output.size(), 300000U) << back.error;
    EXPECT_TRUE(back.output.starts_with("a/b, c\na/b, c\n"));
    EXPECT_EQ(trace(), "probe\ndump shop\ndump a/b, c\nafter success\ncleanup\n");
    EXPECT_TRUE(nothingIsLeft());
    const auto* tags = dumps[1].find("tags");
    ASSERT_NE(tags, nullptr);
    EXPECT_EQ(*tags->array()->back().string(), "db:a%2Fb%2C c");
}

struct Outcome {
    const char* onError;
    const char* status;
};

/// What a failed dump does, by the policy's on_error: the table of the outcomes.
TEST_P(DumpsTest, AFailedDumpIsWhatThePolicySaysAndNeverASnapshot) {
    set({"items: [first, broken, last]", "broken: broken", "dump: fail"});
    start();
    for (const auto& [onError, status] :
         {Outcome{"fail", "failed"}, {"warn", "warning"}, {"ignore", "success"}}) {
        SCOPED_TRACE(onError);
        const auto before = saved();
        const auto report = resultOf(payload(onError));
        EXPECT_EQ(report.stringOr("status"), status) << core::json::write(report);
        const auto dumps = dumpsOf(report);
        ASSERT_EQ(dumps.size(), 3U);
        EXPECT_EQ(dumps[0].stringOr("state"), "saved");
        EXPECT_EQ(dumps[1].stringOr("state"), "failed");
        EXPECT_EQ(dumps[1].find("error")->stringOr("error"), "PluginFailed");
        EXPECT_EQ(dumps[1].find("error")->stringOr("message"), "The server went away");
        EXPECT_EQ(dumps[1].find("error")->stringOr("hint"), "Start it again");
        EXPECT_EQ(dumps[2].stringOr("state"), "saved");
        EXPECT_EQ(field(report, "result", "snapshot_id").size(), 64U) << "the files are saved all the same";
        EXPECT_EQ(saved().size(), before.size() + 3);
        for (const auto& path : saved())
            EXPECT_EQ(path.find("broken"), std::string::npos) << path;
        if (std::string(status) == "failed") {
            EXPECT_EQ(field(report, "error", "error"), "PluginFailed");
            EXPECT_EQ(field(report, "error", "message"),
                      "Not dumped: broken (trouble): The server went away. Everything else was saved");
        }
    }
    EXPECT_NE(trace().find("after failed\ncleanup\n"), std::string::npos);
    EXPECT_TRUE(nothingIsLeft());
}

/// Whatever a plugin does to itself is its own failure: the agent goes on, the files are saved.
TEST_P(DumpsTest, WhatAPluginDoesToItselfEndsItsOwnDumpOnly) {
    set({"items: [shop]"});
    start();
    const std::vector<std::pair<std::string, std::string>> kinds{
        {"crash", "signal 6"},
        {"kill", GetParam().name == "system" ? "signal 9" : "without a result"},
        {"exit", "without a result"},
        {"throw", "something that nobody caught"},
        {"memory", "bad_alloc"},
        {"hang", "stood still for 3s"},
        {"sleep", "stood still for 3s"}};
    for (const auto& [how, said] : kinds) {
        if (kSanitized && how == "memory")
            continue; // a sanitizer reserves terabytes of addresses, so that there is no limit
        SCOPED_TRACE(how);
        const auto before = saved();
        const auto report = resultOf(payload("warn", {{"dump", how}}));
        EXPECT_EQ(report.stringOr("status"), "warning") << core::json::write(report);
        const auto dumps = dumpsOf(report);
        ASSERT_EQ(dumps.size(), 1U);
        EXPECT_EQ(dumps[0].stringOr("state"), "failed");
        if (how != "crash" || GetParam().name == "system") {
            EXPECT_NE(dumps[0].find("error")->stringOr("message").find(said), std::string::npos)
                << dumps[0].find("error")->stringOr("message");
        }
        EXPECT_EQ(saved().size(), before.size() + 1) << "the files";
    }
    EXPECT_TRUE(nothingIsLeft());
}

TEST_P(DumpsTest, AFloodOfLinesIsCutAndTheDumpIsWhole) {
    set({"dump: flood"});
    start();
    const auto report = resultOf(payload());
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    const auto dumps = dumpsOf(report);
    ASSERT_EQ(dumps.size(), 1U);
    const auto back = restic({"dump", dumps[0].stringOr("short_id"), dumps[0].stringOr("file")});
    EXPECT_EQ(back.output.size(), 300000U) << "what the plugin prints is not in the dump";
    EXPECT_EQ(back.output.find("more of it"), std::string::npos);
}

TEST_P(DumpsTest, ADumpOfNothingIsAWarningAndNoSnapshot) {
    set({"bytes: 0"});
    start();
    const auto report = resultOf(payload());
    EXPECT_EQ(report.stringOr("status"), "warning") << core::json::write(report);
    const auto dumps = dumpsOf(report);
    ASSERT_EQ(dumps.size(), 1U);
    EXPECT_EQ(dumps[0].stringOr("state"), "empty");
    EXPECT_EQ(saved(), std::vector<std::string>{source_.string()});
}

TEST_P(DumpsTest, APluginThatIsNotThereOrSwitchedOffOrForbiddenSaysSo) {
    start();
    auto task = payload("warn");
    task.set("plugins", Array{Object{{"name", "oracle"}, {"on_error", "warn"}}});
    auto dumps = dumpsOf(resultOf(task));
    ASSERT_EQ(dumps.size(), 1U);
    EXPECT_EQ(dumps[0].find("error")->stringOr("message"),
              "The plugin oracle is not installed on this machine");
    task = payload("warn", {{"host", "elsewhere"}});
    dumps = dumpsOf(resultOf(task));
    ASSERT_EQ(dumps.size(), 1U);
    EXPECT_NE(dumps[0].find("error")->stringOr("message").find("only the agent's own settings may"),
              std::string::npos);
    stopAgent();

    set({}, {}, false);
    startAgain();
    dumps = dumpsOf(resultOf(payload("warn")));
    ASSERT_EQ(dumps.size(), 1U);
    EXPECT_NE(dumps[0].find("error")->stringOr("message").find("is switched off on this machine"),
              std::string::npos);
    stopAgent();

    set({});
    writeFile(dir_ / "local.yaml", "plugins: false\n");
    environment_["RESTIC_AGENT_LOCAL_POLICY"] = (dir_ / "local.yaml").string();
    startAgain();
    const auto report = resultOf(payload("fail"));
    EXPECT_EQ(field(report, "error", "error"), "ForbiddenOnMachine") << core::json::write(report);
}

TEST_P(DumpsTest, ACancelledDumpLeavesNothing) {
    set({"dump: slow"});
    start();
    const auto id = sendUntilSaving(payload());
    server_.sendCancel(id);
    const auto result = server_.awaitResult(id, 30s);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "cancelled") << core::json::write(*result);
    EXPECT_EQ(saved(), std::vector<std::string>());
    EXPECT_NE(trace().find("after cancelled\ncleanup\n"), std::string::npos) << trace();
    EXPECT_TRUE(nothingIsLeft());
}

TEST_P(DumpsTest, AnAgentThatIsKilledAmongDumpsTakesThemWithItAndPutsThingsRight) {
    set({"dump: slow"});
    start();
    const auto id = sendUntilSaving(payload());
    killAgent();
    ASSERT_TRUE(await([&] { return !resticPid(id); }, 30s)) << "restic goes on without its dump";
    EXPECT_EQ(saved(), std::vector<std::string>());
    EXPECT_EQ(locks(), 0U);
    startWithPlugins();
    const auto result = server_.awaitResult(id, 30s);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "failed");
    EXPECT_EQ(field(*result, "error", "error"), "Interrupted");
    EXPECT_TRUE(trace().ends_with("cleanup\n")) << trace();
    EXPECT_TRUE(nothingIsLeft());
}

TEST_P(DumpsTest, ARunThatEndsBesideAnotherTakesOnlyItsOwnMarkAway) {
    set({"dump: slow"});
    start();
    const auto id = sendUntilSaving(payload());
    EXPECT_EQ(resultOf(payload("fail", {{"dump", "good"}})).stringOr("status"), "success");
    ASSERT_TRUE(resticPid(id)) << "it was to run longer";
    EXPECT_EQ(marks(), 1U);
    killAgent();
    ASSERT_TRUE(await([&] { return !resticPid(id); }, 30s));
    EXPECT_FALSE(trace().ends_with("cleanup\ncleanup\n"));
    startWithPlugins();
    ASSERT_TRUE(server_.awaitResult(id, 30s));
    EXPECT_TRUE(trace().ends_with("cleanup\ncleanup\n")) << trace();
    EXPECT_TRUE(nothingIsLeft());
}

TEST_P(DumpsTest, WhatSeveralRunsLeftIsPutRightOnceForEachSettings) {
    set({"cleanup: fail"});
    start();
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(resultOf(payload()).stringOr("status"), "warning");
    EXPECT_EQ(resultOf(payload("fail", {{"bytes", 5}})).stringOr("status"), "warning");
    EXPECT_EQ(marks(), 3U);
    stopAgent();
    const auto before = trace().size();
    startAgain(); // with the settings of then
    EXPECT_EQ(trace().substr(before), "cleanup\ncleanup\n");
    EXPECT_EQ(marks(), 3U);
}

TEST_P(DumpsTest, ASecretThatAPluginSaysIsMasked) {
    set({"dump: leak"});
    start();
    const auto task = payload();
    const auto id = Value(task).stringOr("task_id");
    const auto report = resultOf(task);
    EXPECT_EQ(report.stringOr("status"), "failed");
    EXPECT_NE(core::json::write(report).find("login failed"), std::string::npos);
    EXPECT_EQ(core::json::write(report).find(kCanary), std::string::npos);
    for (const auto& line : server_.logLines(id))
        EXPECT_EQ(line.find(kCanary), std::string::npos) << line;
    EXPECT_EQ(readFile(dir_ / "agent.log").find(kCanary), std::string::npos);
}

TEST_P(DumpsTest, APluginGetsNothingOfWhatResticWasGiven) {
    set({"dump: environ"});
    start();
    const auto report = resultOf(payload());
    const auto dumps = dumpsOf(report);
    ASSERT_EQ(dumps.size(), 1U) << core::json::write(report);
    const auto said = dumps[0].find("error")->stringOr("message");
    EXPECT_NE(said.find("PATH "), std::string::npos) << said;
    EXPECT_EQ(said.find("RESTIC"), std::string::npos) << said;
    EXPECT_EQ(said.find("GOMEMLIMIT"), std::string::npos) << said;
}

} // namespace
} // namespace test
