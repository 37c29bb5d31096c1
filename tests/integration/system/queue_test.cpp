#include <algorithm>
#include <random>
#include <set>

#include "integration/system/agent_fixture.h"
#include "support/test_cluster.h"

/// Two agents of two hosts do every kind of work on one repository at once, for a minute, while hosts and
/// agents are killed at random: nobody ever meets a lock of ours, none is left, and every task ends once.
namespace test {
namespace {

class Queue : public BackupSystemTest {
protected:
    void SetUp() override {
        database_ = std::make_unique<TestDatabase>(core::db::Dialect::postgresql);
        useDatabase(database_->url());
        // An agent's death costs its task an attempt, and on a slow machine one task may see many of them.
        configureHost("    retry_attempts: 100\nhosts:\n  lease: 2s\n");
        begin();
        // Every host of one database has the same keys.
        std::filesystem::create_directories(dir_ / "data-2");
        std::filesystem::copy(dir_ / "data/keys", dir_ / "data-2/keys");
        startSecondHost();
        const auto enrolled =
            runner_
                .run(secondCommand({"enroll", "--server", "http://127.0.0.1:" + std::to_string(secondPort_),
                                    "--token", registrationToken(), "--hostname", "web-02"}))
                .value();
        ASSERT_TRUE(enrolled.exit.ok()) << enrolled.error;
        startSecondAgent();
        const auto all = get("/api/v1/restic/agents");
        for (const auto& one : *all.find("items")->array())
            agents_.push_back(one.stringOr("id"));
        ASSERT_EQ(agents_.size(), 2U);
    }
    void TearDown() override {
        secondAgent_.reset();
        secondHost_.reset();
        if (HasFailure())
            std::fprintf(stderr, "--- the second host's log\n%s\n--- the second agent's log\n%s\n",
                         readFile(dir_ / "backend-2.log").c_str(), readFile(dir_ / "agent-2.log").c_str());
        BackupSystemTest::TearDown();
        database_.reset();
    }

    void startSecondHost() {
        const auto before = readFile(dir_ / "backend-2.log").size();
        auto spec = backendCommand({"--http-addr", "127.0.0.1:" + std::to_string(secondPort_), "serve"});
        for (auto& argument : spec.arguments)
            if (argument == (dir_ / "data").string())
                argument = (dir_ / "data-2").string();
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "backend-2.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "backend-2.log");
        secondHost_ = std::move(runner_.start(spec)).value();
        const auto port = servingPort(*secondHost_, dir_ / "backend-2.log", before);
        ASSERT_TRUE(port);
        secondPort_ = *port;
    }
    core::ProcessSpec secondCommand(std::vector<std::string> arguments) const {
        auto spec = agentCommand(std::move(arguments));
        for (auto& argument : spec.arguments)
            if (argument == (dir_ / "state").string())
                argument = (dir_ / "state-2").string();
        return spec;
    }
    void startSecondAgent() {
        auto spec = secondCommand({"run"});
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "agent-2.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "agent-2.log");
        secondAgent_ = std::move(runner_.start(spec)).value();
    }

    // Each is there again when it returns.
    void killFirstHost() {
        killBackend();
        startBackend();
    }
    void killSecondHost() {
        secondHost_->signal(SIGKILL);
        ASSERT_TRUE(secondHost_->wait(10s));
        startSecondHost();
    }
    void killFirstAgent() {
        killAgentOnly();
        startAgent();
    }
    void killSecondAgent() {
        ::kill(secondAgent_->pid(), SIGKILL);
        secondAgent_->detach();
        ASSERT_TRUE(await([&] { return !core::processStartTicks(secondAgent_->pid()); }));
        startSecondAgent();
    }
    /// One that works on the repository now; false if there is none.
    bool killRestic() {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
            if (readFile(entry.path() / "comm") != "restic\n" ||
                readFile(entry.path() / "environ").find(repository_.string()) == std::string::npos)
                continue;
            return ::kill(std::stoi(entry.path().filename().string()), SIGKILL) == 0;
        }
        return false;
    }

    std::string start(const std::string& kind, const std::string& agent, int port) {
        Object body{{"type", kind}, {"agent_id", agent}, {"repository_id", repositoryId_}};
        if (kind == "backup")
            body.set("parameters", Object{{"sources", Array{source_.string()}}});
        if (kind == "forget" || kind == "prune") {
            body.set("parameters", Object{{"retention", Object{{"keep_last", 3}}}, {"all_hosts", true}});
            body.set("confirm_removal", true);
        }
        const auto answer = ApiClient(port, traffic_).post("/api/v1/restic/tasks", admin_, body);
        EXPECT_EQ(answer.status, 202) << kind << ": " << answer.body;
        return answer.json.stringOr("id");
    }
    [[nodiscard]] std::size_t openTasks() {
        std::size_t open = 0;
        for (const char* status : {"queued", "assigned", "running", "unreachable"})
            open += get("/api/v1/restic/tasks?limit=100&status=" + std::string(status))
                        .find("items")
                        ->array()
                        ->size();
        return open;
    }

    /// Keeps both agents at work with every kind by both hosts, until `kDuration` is over; in between
    /// somebody is killed. Returns the tasks' ids.
    std::vector<std::string> hammer(const std::vector<std::function<void()>>& kills) {
        constexpr auto kDuration = 60s;
        constexpr std::size_t kAtOnce = 10;
        const std::vector<std::string> kinds{"backup", "check", "backup",    "forget", "init",
                                             "prune",  "stats", "snapshots", "unlock", "test"};
        std::mt19937 random(20260102); // always the same choices
        const auto choose = [&](std::size_t count) {
            return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
        };
        std::vector<std::string> ids{start("init", agents_[0], port_)};
        EXPECT_EQ(outcome(ids[0]), "success");
        const auto until = std::chrono::steady_clock::now() + kDuration;
        while (std::chrono::steady_clock::now() < until) {
            for (auto open = openTasks(); open < kAtOnce; ++open)
                ids.push_back(start(kinds[choose(kinds.size())], agents_[choose(2)],
                                    choose(2) == 0 ? port_ : secondPort_));
            EXPECT_TRUE(await(
                [&] { return !get("/api/v1/restic/tasks?status=running").find("items")->array()->empty(); }));
            kills[choose(kills.size())]();
        }
        return ids;
    }

    static bool metALock(const Value& ended) {
        return core::json::write(ended).find("StaleLockRemoved") != std::string::npos;
    }

    std::unique_ptr<TestDatabase> database_;
    std::unique_ptr<core::Process> secondHost_, secondAgent_;
    int secondPort_ = 0;
    std::vector<std::string> agents_;
};

TEST_F(Queue, AllKindsAtOnceMeetNoLockOfOurs) {
    const auto ids = hammer({[&] { killFirstHost(); }, [&] { killSecondHost(); }, [&] { killFirstAgent(); },
                             [&] { killSecondAgent(); }});
    for (const auto& id : ids) {
        EXPECT_EQ(outcome(id, 180s), "success") << core::json::write(task(id));
        const auto ended = task(id);
        EXPECT_EQ(core::json::write(ended).find("RepositoryLocked"), std::string::npos);
        EXPECT_FALSE(metALock(ended)) << core::json::write(ended);
    }
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
    EXPECT_GT(ids.size(), 20U) << "that was no hammer";
}

TEST_F(Queue, TheLockOfAKilledResticIsRemovedOnce) {
    int killed = 0;
    const auto kill = [&] {
        if (await([&] { return killRestic(); }, 2s))
            ++killed;
    };
    const auto ids = hammer(
        {kill, kill, kill, [&] { killFirstHost(); }, [&] { killFirstAgent(); }, [&] { killSecondAgent(); }});
    EXPECT_GT(killed, 3);
    for (const auto& id : ids) {
        const auto status = outcome(id, 180s);
        const auto ended = task(id);
        EXPECT_TRUE(status == "success" || status == "failed") << core::json::write(ended);
        // It may be killed again at each attempt; but a lock that nobody holds keeps nobody waiting.
        EXPECT_EQ(core::json::write(ended).find("RepositoryLocked"), std::string::npos)
            << core::json::write(ended);
    }
}

} // namespace
} // namespace test
