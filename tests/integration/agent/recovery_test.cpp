#include "agent_fixture.h"

namespace test {
namespace {
using namespace std::chrono_literals;

TEST_F(AgentTest, AKilledAgentDoesNotKillItsResticAndAdoptsIt) {
    initRepository();
    makeLargeSource(3000000);
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("limit_upload_kib", 300);
    server_.sendTask(payload);
    std::optional<int> pid;
    ASSERT_TRUE(await([&] { return (pid = resticPid(task)).has_value() && locks() == 1; }));
    orphans_.push_back(*pid);
    ASSERT_TRUE(await([&] { return !server_.logLines(task).empty() || server_.reports(task).size() > 1; }));
    killAgent();
    agent_.reset();
    ASSERT_TRUE(core::processStartTicks(*pid)) << "restic died with its agent";
    const auto before = server_.reports(task).size();

    startAgent();
    ASSERT_TRUE(await([&] { return server_.reports(task).size() > before; }))
        << "nothing is reported of the adopted task";
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success") << core::json::write(*result);
    EXPECT_EQ(field(*result, "result", "snapshot_id").size(), 64U);
    EXPECT_EQ(result->find("result")->find("exit_code"), nullptr) << "only the parent learns the code";
    EXPECT_EQ(resticPid(task), std::nullopt);
    EXPECT_EQ(core::json::parse(restic({"snapshots", "--json"}).output).value().array()->size(), 1U)
        << "exactly one snapshot, whatever happened";
    EXPECT_FALSE(server_.logNumbersBroken());
    EXPECT_TRUE(await([&] { return taskFolders() == 0; }));
}

TEST_F(AgentTest, AnAdoptedResticCanBeCancelled) {
    initRepository();
    makeLargeSource(20000000);
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("limit_upload_kib", 1000);
    server_.sendTask(payload);
    std::optional<int> pid;
    ASSERT_TRUE(await([&] { return (pid = resticPid(task)).has_value() && locks() == 1; }));
    // restic 0.14 forgets its lock if it is interrupted in the moment in which it makes it.
    ASSERT_TRUE(await([&] { return server_.reports(task).size() > 1; })) << "no progress";
    orphans_.push_back(*pid);
    killAgent();
    const auto polls = server_.polls().size();
    startAgent();
    // The dead agent's poll is still parked, and would take the message.
    ASSERT_TRUE(await([&] { return server_.polls().size() > polls; }));
    server_.sendCancel(task);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "cancelled");
    EXPECT_EQ(locks(), 0U);
}

TEST_F(AgentTest, WhatEndedWhileNoAgentRanIsLearntFromTheFiles) {
    initRepository();
    makeLargeSource(1500000);
    enrollAndStart();
    const auto good = newId();
    auto payload = backup(good);
    payload.set("limit_upload_kib", 400);
    server_.sendTask(payload);
    std::optional<int> pid;
    ASSERT_TRUE(await([&] { return (pid = resticPid(good)).has_value() && locks() == 1; }));
    orphans_.push_back(*pid);
    killAgent();
    ASSERT_TRUE(await([&] { return !core::processStartTicks(*pid); }, 60s));
    startAgent();
    auto result = server_.awaitResult(good);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success");

    // And one that dies without a word.
    exempt(AgentProof::locks, "restic is killed, and nothing comes after it");
    const auto bad = newId();
    payload = backup(bad);
    payload.set("limit_upload_kib", 20);
    makeLargeSource(3000000);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return (pid = resticPid(bad)).has_value() && locks() == 1; }));
    killAgent();
    ::kill(*pid, SIGKILL);
    ASSERT_TRUE(await([&] { return !core::processStartTicks(*pid); }));
    startAgent();
    result = server_.awaitResult(bad);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "failed");
    EXPECT_EQ(field(*result, "error", "error"), "Interrupted");
}

TEST_F(AgentTest, SigtermLeavesResticRunningForTheNextAgent) {
    initRepository();
    makeLargeSource(3000000);
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("limit_upload_kib", 300);
    server_.sendTask(payload);
    std::optional<int> pid;
    ASSERT_TRUE(await([&] { return (pid = resticPid(task)).has_value() && locks() == 1; }));
    orphans_.push_back(*pid);
    EXPECT_EQ(stopAgent().code, 0);
    EXPECT_TRUE(core::processStartTicks(*pid));
    startAgent();
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success");
}

TEST_F(AgentTest, AResultIsReportedUntilItIsAcknowledged) {
    initRepository();
    enrollAndStart();
    ASSERT_TRUE(await([&] { return !server_.polls().empty(); }));
    const auto task = newId();
    server_.failReports(1000000);
    server_.sendTask(backup(task));
    // The result is in the journal, and nowhere else.
    ASSERT_TRUE(await([&] { return readFile(state_ / "journal").find("\"result\"") != std::string::npos; }));
    killAgent();
    EXPECT_GT(taskFolders(), 0U);
    server_.failReports(2);
    startAgent();
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success");
    EXPECT_TRUE(await([&] { return taskFolders() == 0; }));
    EXPECT_EQ(core::json::parse(restic({"snapshots", "--json"}).output).value().array()->size(), 1U);
}

TEST_F(AgentTest, ADuplicateDeliveryRunsOnce) {
    initRepository();
    enrollAndStart();
    const auto task = newId();
    server_.sendTask(backup(task));
    server_.sendTask(backup(task));
    ASSERT_TRUE(server_.awaitResult(task));
    ASSERT_TRUE(await([&] { return taskFolders() == 0; }));
    server_.sendTask(backup(task)); // after its end
    const auto other = newId();
    server_.sendTask(backup(other));
    ASSERT_TRUE(server_.awaitResult(other));
    EXPECT_EQ(core::json::parse(restic({"snapshots", "--json"}).output).value().array()->size(), 2U);
}

TEST_F(AgentTest, AStaleAttemptIsEndedAndNotReported) {
    initRepository();
    makeLargeSource(20000000);
    enrollAndStart();
    const auto task = newId();
    server_.refuseReports(task, "StaleAttempt");
    auto payload = backup(task);
    payload.set("limit_upload_kib", 1000);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return !server_.reports(task).empty(); }));
    EXPECT_TRUE(await([&] { return taskFolders() == 0; })) << "the task is not given up";
    EXPECT_EQ(resticPid(task), std::nullopt);
    EXPECT_EQ(locks(), 0U);
    for (const auto& report : server_.reports(task))
        EXPECT_EQ(report.stringOr("status"), "running");
}

TEST_F(AgentTest, TheServerMayCancelInAnAnswer) {
    initRepository();
    makeLargeSource(20000000);
    enrollAndStart();
    const auto task = newId();
    server_.requestCancelByAck(task);
    auto payload = backup(task);
    payload.set("limit_upload_kib", 1000);
    server_.sendTask(payload);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "cancelled");
}

TEST_F(AgentTest, AServerThatHoldsPollsForLessThanAskedIsAskedAgainAtOnce) {
    server_.setLongestPoll(700ms);
    enrollAndStart();
    // With a pause that grows from poll to poll this takes minutes.
    EXPECT_TRUE(await([&] { return server_.polls().size() >= 12; }));
}

TEST_F(AgentTest, AnOutageOfTheServerCostsNothing) {
    initRepository();
    enrollAndStart();
    ASSERT_TRUE(await([&] { return !server_.heartbeats().empty(); }));
    server_.setDown(true);
    const auto task = newId();
    server_.sendTask(backup(task));
    const auto beats = server_.heartbeats().size();
    ASSERT_TRUE(await([&] { return server_.outages() > 1; })) << "an outage that nobody met is none";
    EXPECT_TRUE(await([&] {
        return readFile(dir_ / "agent.log").find("OrchestratorDown") != std::string::npos;
    })) << "the log says why";
    server_.setDown(false);
    ASSERT_TRUE(server_.awaitResult(task));
    EXPECT_TRUE(await([&] { return server_.heartbeats().size() > beats; }));
}
} // namespace
} // namespace test
