#include <sys/stat.h>

#include <csignal>

#include "agent_fixture.h"

/// A result's items on their way, whatever becomes of agent and server.
namespace test {
namespace {
using namespace std::chrono_literals;
using core::json::Object;

class ResultsTest : public AgentTest {
protected:
    static constexpr int kMany = 20000;

    void SetUp() override {
        AgentTest::SetUp();
        // A restic that has many snapshots.
        writeFile(dir_ / "many",
                  "#!/bin/sh\ncase \"$1\" in snapshots) exec awk 'BEGIN { printf \"[\"; for (i = 1; i <= " +
                      std::to_string(kMany) +
                      "; ++i) printf \"%s{\\\"id\\\":\\\"%08x%056d\\\",\\\"time\\\":"
                      "\\\"2026-01-02T03:04:05Z\\\",\\\"hostname\\\":\\\"web-01\\\",\\\"paths\\\":"
                      "[\\\"/srv\\\"]}\", (i > 1 ? \",\" : \"\"), i, i; print \"]\" }' ;; esac\n"
                      "exec restic \"$@\"\n");
        ::chmod((dir_ / "many").c_str(), 0755);
        configure("  binary: " + (dir_ / "many").string() + "\n");
        initRepository();
    }
    std::string list() {
        const auto id = newId();
        server_.sendTask({{"task_id", id},
                          {"attempt", 1},
                          {"type", "snapshots"},
                          {"repository", repositoryObject()},
                          {"timeout_seconds", 300}});
        return id;
    }
    void expectEachOnce(const std::string& task) {
        const auto items = server_.items(task);
        ASSERT_EQ(items.size(), static_cast<std::size_t>(kMany));
        for (int i = 0; i < kMany; ++i)
            ASSERT_EQ(items[static_cast<std::size_t>(i)].stringOr("id"),
                      fmt::format("{0:08x}{0:056}", i + 1));
    }
};

TEST_F(ResultsTest, AKilledAgentGoesOnWhereTheServerIs) {
    enrollAndStart();
    const auto task = list();
    ASSERT_TRUE(await([&] { return server_.items(task).size() > 0; }));
    server_.setDown(true); // half way
    killAgent();
    const auto before = server_.items(task).size();
    ASSERT_LT(before, static_cast<std::size_t>(kMany));
    const auto parts = server_.parts();
    server_.setDown(false);
    startAgent();
    const auto report = server_.awaitResult(task);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->stringOr("status"), "success");
    EXPECT_EQ(report->find("items")->integerOr("count"), kMany);
    EXPECT_EQ(report->find("result")->integerOr("count"), kMany);
    EXPECT_EQ(report->find("result")->find("snapshots"), nullptr);
    expectEachOnce(task);
    EXPECT_LT(server_.parts() - parts, static_cast<int>((kMany - before) / 1000) + 20) << "not all anew";
    EXPECT_TRUE(await([&] { return taskFolders() == 0; })) << "the file has gone with its attempt";
}

TEST_F(ResultsTest, WhatTheServerHasLostIsSentAgain) {
    enrollAndStart();
    server_.forgetItems(2);
    const auto task = list();
    const auto report = server_.awaitResult(task);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->stringOr("status"), "success");
    expectEachOnce(task);
}

TEST_F(ResultsTest, AServerThatNeverHasThemDoesNotHoldTheTaskForEver) {
    enrollAndStart();
    server_.forgetItems(1000000);
    const auto report = server_.awaitResult(list());
    ASSERT_TRUE(report);
    EXPECT_EQ(report->stringOr("status"), "failed");
    EXPECT_EQ(field(*report, "error", "error"), "AgentFailure");
    EXPECT_EQ(report->find("items"), nullptr);
}

TEST_F(ResultsTest, ATooLargeResultFailsWithItsName) {
    enrollAndStart();
    server_.takeItemsUpTo(5000);
    const auto report = server_.awaitResult(list());
    ASSERT_TRUE(report);
    EXPECT_EQ(report->stringOr("status"), "failed");
    EXPECT_EQ(field(*report, "error", "error"), "ResultTooLarge");
    EXPECT_EQ(field(*report, "result", "outcome"), "failed");
}

} // namespace
} // namespace test
