#include <algorithm>
#include <random>
#include <set>

#include "integration/system/agent_fixture.h"

/// Two agents do every kind of work on one repository at once, while host and agents are killed: nobody ever
/// meets a lock of ours, none is left, and every task ends once.
namespace test {
namespace {

class Queue : public BackupSystemTest {
protected:
    void TearDown() override {
        second_.reset();
        BackupSystemTest::TearDown();
    }
    core::ProcessSpec secondCommand(std::vector<std::string> arguments) const {
        auto spec = agentCommand(std::move(arguments));
        for (auto& argument : spec.arguments)
            if (argument == (dir_ / "state").string())
                argument = (dir_ / "state-2").string();
        return spec;
    }
    void startSecond() {
        auto spec = secondCommand({"run"});
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "agent-2.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "agent-2.log");
        second_ = std::move(runner_.start(spec)).value();
    }
    std::string start(const std::string& kind, const std::string& agent) {
        Object body{{"type", kind}, {"agent_id", agent}, {"repository_id", repositoryId_}};
        if (kind == "backup")
            body.set("parameters", Object{{"sources", Array{source_.string()}}});
        if (kind == "forget" || kind == "prune")
            body.set("parameters", Object{{"retention", Object{{"keep_last", 3}}}, {"all_hosts", true}});
        const auto answer = api().post("/api/v1/restic/tasks", admin_, body);
        EXPECT_EQ(answer.status, 202) << kind << ": " << answer.body;
        return answer.json.stringOr("id");
    }
    std::unique_ptr<core::Process> second_;
};

TEST_F(Queue, AllKindsAtOnceMeetNoLockOfOurs) {
    begin();
    const auto enrolled = runner_
                              .run(secondCommand({"enroll", "--server", url(), "--token", registrationToken(),
                                                  "--hostname", "web-02"}))
                              .value();
    ASSERT_TRUE(enrolled.exit.ok()) << enrolled.error;
    startSecond();
    std::vector<std::string> agents{agentId_};
    const auto all = get("/api/v1/restic/agents");
    for (const auto& one : *all.find("items")->array())
        if (one.stringOr("hostname") == "web-02")
            agents.push_back(one.stringOr("id"));
    ASSERT_EQ(agents.size(), 2U);

    const std::vector<std::string> kinds{"backup", "check",     "backup", "forget",
                                         "prune",  "snapshots", "unlock"};
    std::mt19937 random(20260102); // always the same order
    std::vector<std::string> ids{start("init", agents[0])};
    ASSERT_EQ(outcome(ids[0]), "success");
    for (int round = 0; round < 3; ++round) {
        auto order = kinds;
        for (const auto& agent : agents) {
            std::shuffle(order.begin(), order.end(), random);
            for (const auto& kind : order)
                ids.push_back(start(kind, agent));
        }
        // Somebody is killed while they work.
        ASSERT_TRUE(await([&] {
            const auto running = get("/api/v1/restic/tasks?status=running");
            return !running.find("items")->array()->empty();
        }));
        if (round == 0) {
            killAgentOnly();
            startAgent();
        } else if (round == 1) {
            killBackend();
            startBackend();
        } else {
            ::kill(second_->pid(), SIGKILL);
            second_->detach();
            second_.reset();
            startSecond();
        }
    }
    std::set<std::string> seen;
    for (const auto& id : ids) {
        const auto status = outcome(id, 180s);
        const auto ended = task(id);
        EXPECT_EQ(status, "success") << core::json::write(ended);
        EXPECT_TRUE(seen.insert(id).second);
        EXPECT_EQ(core::json::write(ended).find("RepositoryLocked"), std::string::npos);
        const auto* notices = ended.find("result")->find("notices");
        EXPECT_TRUE(notices == nullptr ||
                    core::json::write(*notices).find("StaleLockRemoved") == std::string::npos)
            << "it met a lock: " << core::json::write(ended);
    }
    EXPECT_TRUE(std::filesystem::is_empty(repository_ / "locks"));
    // What restic has is what we say that it has.
    std::set<std::string> real;
    const auto listed = restic({"snapshots"});
    for (const auto& one : *listed.array())
        real.insert(one.stringOr("id"));
    std::set<std::string> told;
    const auto known = get("/api/v1/restic/snapshots?limit=500");
    for (const auto& one : *known.find("items")->array())
        told.insert(one.stringOr("snapshot_id"));
    EXPECT_EQ(told, real);
    EXPECT_FALSE(real.empty());
}

} // namespace
} // namespace test
