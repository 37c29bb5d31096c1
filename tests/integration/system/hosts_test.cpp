// Two real hosts on one PostgreSQL.
#include <sstream>
#include <thread>

#include <csignal>

#include "integration/system/system_fixture.h"
#include "support/far_schedules.h"
#include "support/raw_client.h"
#include "support/test_cluster.h"

namespace test {
namespace {

class HostsTest : public SystemTest {
protected:
    void SetUp() override {
        database_ = std::make_unique<TestDatabase>(core::db::Dialect::postgresql);
        useDatabase(database_->url());
        configureHost("hosts:\n  lease: 2s\n");
        startBackend();
        // Every host of one database has the same keys.
        std::filesystem::create_directories(dir_ / "data2");
        std::filesystem::copy(dir_ / "data/keys", dir_ / "data2/keys");
        auto spec = backendCommand({"--http-addr", "127.0.0.1:0", "serve"});
        spec.arguments.at(3) = (dir_ / "data2").string();
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "second.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "second.log");
        second_ = std::move(runner_.start(spec)).value();
        const auto port = servingPort(*second_, dir_ / "second.log");
        ASSERT_TRUE(port) << readFile(dir_ / "second.log");
        secondPort_ = *port;
        secondApi_ = std::make_unique<ApiClient>(secondPort_, traffic_);
    }
    void TearDown() override {
        if (second_)
            second_->signal(SIGCONT);
        if (backend_)
            backend_->signal(SIGCONT);
        second_.reset();
        if (HasFailure())
            std::fprintf(stderr, "--- the second host's log\n%s\n", readFile(dir_ / "second.log").c_str());
        SystemTest::TearDown();
    }

    struct Holder {
        std::string name;
        std::string token;
        [[nodiscard]] bool is(const core::Process& process) const {
            return name.find("/" + std::to_string(process.pid()) + "/") != std::string::npos;
        }
    };
    Holder holder(const std::string& job) {
        const auto text = TestCluster::instance().admin(
            "SELECT holder || ' ' || token FROM core_leases WHERE name = 'job/restic/" + job + "'",
            database_->name());
        const auto space = text.rfind(' ');
        return space == std::string::npos ? Holder{} : Holder{text.substr(0, space), text.substr(space + 1)};
    }
    /// An agent that polls by hand: id and token.
    std::pair<std::string, std::string> enrol(const std::string& hostname) {
        core::json::Object body{
            {"hostname", hostname}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1.0.0"}};
        const auto answer = api().post("/api/v1/restic/agents/register", registrationToken(), body);
        EXPECT_EQ(answer.status, 201) << answer.body;
        return {answer.json.stringOr("agentId"), answer.json.stringOr("token")};
    }

    std::unique_ptr<TestDatabase> database_;
    std::unique_ptr<core::Process> second_;
    std::unique_ptr<ApiClient> secondApi_;
    int secondPort_ = 0;
};

TEST_F(HostsTest, ARevokedTokenIsRefusedByTheOtherHostAtOnce) {
    const auto token = post("/api/v1/tokens", {{"name", "t"}, {"role", "viewer"}}, 201);
    const auto secret = token.stringOr("token");
    const auto status = [&] { return secondApi_->get("/api/v1/restic/agents", secret).status; };
    ASSERT_EQ(status(), 200);
    ASSERT_EQ(status(), 200); // remembered by now
    const auto began = std::chrono::steady_clock::now();
    const auto revoked = api().send("DELETE", "/api/v1/tokens/" + token.stringOr("id"), "Bearer " + admin_);
    ASSERT_EQ(revoked.status, 204) << revoked.body;
    EXPECT_TRUE(await([&] { return status() == 401; }));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s); // without the hint it is remembered for 30 s
}

TEST_F(HostsTest, AnAgentParkedAtOneHostGetsTheTaskOfTheOther) {
    for (const char* name : {"web-01", "web-02", "web-03"}) {
        const auto [agent, token] = enrol(name);
        ASSERT_FALSE(agent.empty());
        // Its own configuration names a repository.
        ASSERT_EQ(api()
                      .send("POST", "/api/v1/restic/agents/" + agent + "/heartbeat", "Bearer " + token,
                            R"({"version":"1","os":"linux","ownRepository":true})")
                      .status,
                  200);
        const auto path = "/api/v1/restic/agents/" + agent + "/tasks";
        RawClient poll(static_cast<std::uint16_t>(secondPort_));
        poll.patience = 60s;
        poll.get(path + "?wait=30&free=1", "Authorization: Bearer " + token + "\r\n");
        // The poll has looked and waits: a connection that is idle again after a few other requests.
        for (int other = 0; other < 5; ++other)
            ASSERT_EQ(secondApi_->get("/health/live", "").status, 200);
        const auto began = std::chrono::steady_clock::now();
        const auto task =
            post(
                "/api/v1/restic/tasks",
                {{"type", "backup"}, {"agent_id", agent}, {"parameters", Object{{"sources", Array{"/etc"}}}}},
                202)
                .stringOr("id");
        const auto answer = poll.response();
        EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
        ASSERT_EQ(answer.status, 200) << answer.body;
        EXPECT_NE(answer.body.find(task), std::string::npos) << answer.body;
    }
}

TEST_F(HostsTest, WhatOneHostDoesMovesWhenItIsKilled) {
    ASSERT_TRUE(await([&] { return holder("scheduler").is(*backend_); }));
    killBackend();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(await([&] { return holder("scheduler").is(*second_); }));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s); // the lease, one try, and a slow machine
    EXPECT_TRUE(await([&] { return holder("sweep").is(*second_); }));
}

TEST_F(HostsTest, WhatOneHostDoesMovesWhenItStopsAndDoesNotComeBack) {
    ASSERT_TRUE(await([&] { return holder("scheduler").is(*backend_); }));
    const auto before = holder("scheduler");
    backend_->signal(SIGSTOP);
    EXPECT_TRUE(await([&] { return holder("scheduler").is(*second_); }));
    const auto after = holder("scheduler");
    EXPECT_GT(std::stoi(after.token), std::stoi(before.token));
    backend_->signal(SIGCONT);
    // It learns it, from its renewal or from the fence of what it was about to write.
    EXPECT_TRUE(
        await([&] { return readFile(dir_ / "backend.log").find("lost a lease") != std::string::npos; }));
    EXPECT_EQ(holder("scheduler").token, after.token);
    EXPECT_EQ(get("/api/v1/restic/agents").find("items")->array()->size(), 0U); // and goes on serving
}

// The host that makes tasks of slots is stopped again and again for longer than its lease, wherever it is at
// that moment, and goes on when another has done its work.
TEST_F(HostsTest, EachSlotIsOneTaskThoughTheOneThatTakesThemIsStoppedAndContinued) {
    constexpr int kSlots = 200;
    const auto ask = [&](const std::string& sql) {
        return TestCluster::instance().admin(sql, database_->name());
    };
    ask("UPDATE tenants SET max_policies = 1000");
    const auto [agent, token] = enrol("web-01");
    const auto repository = post("/api/v1/restic/repositories",
                                 {{"name", "far"},
                                  {"type", "rest"},
                                  {"url", "rest:http://backup.example/far"},
                                  {"password", "correct horse"},
                                  {"maintenance", farMaintenance()}},
                                 201)
                                .stringOr("id");
    for (int i = 0; i < kSlots; ++i) {
        auto body = policyBody("policy " + std::to_string(i));
        body.set("repository_id", repository);
        const auto policy = post("/api/v1/restic/policies", body, 201).stringOr("id");
        const auto linked =
            api().send("PUT", "/api/v1/restic/agents/" + agent + "/policies/" + policy, "Bearer " + admin_);
        ASSERT_EQ(linked.status, 204) << linked.body;
    }
    ASSERT_TRUE(await([&] { return !holder("scheduler").name.empty(); }));
    // Due within the next twenty seconds, each at a time of its own.
    ask("UPDATE restic_agent_policy_links l SET next_run_at_us = (extract(epoch FROM now()) * "
        "1000000)::bigint + 1000000 "
        "+ n.i * 100000 FROM (SELECT policy_id, row_number() OVER (ORDER BY policy_id) AS i FROM "
        "restic_agent_policy_links) n WHERE n.policy_id = l.policy_id");
    const auto taken = [&] {
        return std::stoi(ask("SELECT count(*) FROM restic_tasks WHERE slot_us IS NOT NULL"));
    };
    int rounds = 0;
    for (int seen = 0; seen < kSlots; ++rounds) {
        auto& leader = holder("scheduler").is(*backend_) ? backend_ : second_;
        auto& other = leader == backend_ ? second_ : backend_;
        leader->signal(SIGSTOP);
        ASSERT_TRUE(await([&] { return holder("scheduler").is(*other); })) << "in round " << rounds;
        leader->signal(SIGCONT);
        ASSERT_TRUE(await([&] { return taken() > seen; })) << "in round " << rounds;
        seen = taken();
    }
    EXPECT_GE(rounds, 2) << "it was stopped while there was work";
    // Who was stopped last has learnt by now that it is another's.
    const auto losses = [&] {
        int all = 0;
        for (const auto* name : {"backend.log", "second.log"}) {
            std::istringstream lines(readFile(dir_ / name));
            for (std::string line; std::getline(lines, line);)
                all += line.find("lost a lease") != std::string::npos &&
                       line.find("job/restic/scheduler") != std::string::npos;
        }
        return all;
    };
    ASSERT_TRUE(await([&] { return losses() >= rounds; })) << losses() << " of " << rounds;
    EXPECT_EQ(ask("SELECT count(*) || ' ' || count(DISTINCT policy_id) FROM restic_tasks WHERE slot_us IS "
                  "NOT NULL"),
              std::to_string(kSlots) + " " + std::to_string(kSlots));
    EXPECT_EQ(ask("SELECT count(*) FROM restic_agent_policy_links WHERE skipped_slot_us IS NOT NULL"), "0");
    EXPECT_EQ(
        ask("SELECT count(*) FROM restic_agent_policy_links WHERE next_run_at_us IS NULL OR next_run_at_us < "
            "extract(epoch FROM now()) * 1000000"),
        "0")
        << "each has its next one";
}

TEST_F(HostsTest, ACleanStopHandsOverAtOnce) {
    ASSERT_TRUE(await([&] { return holder("scheduler").is(*backend_); }));
    const auto [exit, took] = stopBackend();
    EXPECT_TRUE(exit.ok());
    EXPECT_TRUE(await([&] { return holder("scheduler").is(*second_); }));
}

} // namespace
} // namespace test
