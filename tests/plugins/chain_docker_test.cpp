#include <csignal>

#include "plugins/chain_fixture.h"
#include "plugins/docker_servers.h"

/// The whole way with real parts: engine, containers, plugin, agent, restic, and back. Whoever dies in the
/// middle of it, containers go on as they did before.
namespace test {
namespace {
using namespace std::chrono_literals;

class DockerChain : public ChainTest, public testing::WithParamInterface<Restic> {
protected:
    [[nodiscard]] std::string plugin() const override { return "docker"; }

    void SetUp() override {
        ChainTest::SetUp();
        engine_.removeAll();
    }

    void begin(const std::string& more = {}) { beginWith(GetParam(), {"socket=" + engine_.socket()}, more); }
    /// A container whose volume holds so much.
    void startApp(const std::string& name, const std::string& how, int mebibytes) {
        engine_.start(name, {"--volume=" + name + "-files:/data", "--label=restic-monitor.volumes=" + how});
        engine_.in(name, "echo content >/data/file; dd if=/dev/urandom of=/data/much bs=1M count=" +
                             std::to_string(mebibytes) + " 2>/dev/null");
    }

    static std::map<std::string, Value> dumpsIn(const Value& report) {
        std::map<std::string, Value> out;
        for (const auto& dump : dumpsOf(report))
            out.emplace(dump.stringOr("database"), dump);
        return out;
    }
    static std::map<std::string, std::int64_t> countsIn(const Value& tried) {
        std::map<std::string, std::int64_t> out;
        const auto* result = tried.find("result");
        const auto* tables = result == nullptr ? nullptr : result->find("tables");
        if (tables != nullptr && tables->array() != nullptr)
            for (const auto& table : *tables->array())
                out[table.stringOr("name")] = table.integerOr("rows", -1);
        return out;
    }
    std::string trials() {
        return engine_.docker({"ps", "--all", "--quiet", "--filter=name=restic-monitor-verify-"});
    }

    /// As a machine that loses its power: the agent, and the step of its plugin, which would otherwise put
    /// right itself what it did.
    void killAgentAndStep() {
        std::vector<int> steps;
        for (const int pid : processesWith({"restic-agent", "plugin-step"}))
            // Not restic, among whose arguments the step may be: its lock would stay.
            if (isOfAgent(pid) && readText("/proc/" + std::to_string(pid) + "/comm") == "restic-agent\n")
                steps.push_back(pid);
        EXPECT_FALSE(steps.empty());
        agent_->signal(SIGKILL);
        for (const int pid : steps)
            ::kill(pid, SIGKILL);
        ASSERT_TRUE(agent_->wait(10s));
    }
    std::size_t notes() const {
        std::size_t count = 0;
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(state_ / "plugins/docker/kept", ignored))
            count += entry.path().extension() == ".note" ? 1 : 0;
        return count;
    }
    void expectInterrupted(const std::string& id) {
        const auto result = server_.awaitResult(id, 60s);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->stringOr("status"), "failed") << core::json::write(*result);
        EXPECT_EQ(field(*result, "error", "error"), "Interrupted");
    }

    DockerEngine& engine_ = DockerEngine::shared();
};

INSTANTIATE_TEST_SUITE_P(Restics, DockerChain, testing::Values(restics().front(), restics().back()),
                         [](const auto& it) { return it.param.name; });

TEST_P(DockerChain, ADatabaseAndAVolumeAreDumpedTriedAndBroughtBackUnderOtherNames) {
    const DockerServer database(engine_, "postgres", "db");
    database.sql("CREATE DATABASE shop");
    database.sql("CREATE TABLE words AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n", "shop");
    startApp("app", "pause", 3);
    begin();
    const auto report = resultOf(dumpTask());
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    const auto dumps = dumpsIn(report);
    ASSERT_TRUE(dumps.contains("database db/shop") && dumps.contains("volume app-files"))
        << core::json::write(report);
    for (const auto& [name, dump] : dumps)
        if (name != "database db/owner") { // the server's own, which is empty
            EXPECT_EQ(dump.stringOr("state"), "saved") << name;
        }
    EXPECT_EQ(engine_.state("app"), "running");

    const auto tried = resultOf(onDump("verify_dump", dumps.at("database db/shop")));
    EXPECT_EQ(tried.stringOr("status"), "success") << core::json::write(tried);
    EXPECT_EQ(countsIn(tried), (std::map<std::string, std::int64_t>{{"public.words", 20000}}));
    const auto read = resultOf(onDump("verify_dump", dumps.at("volume app-files")));
    EXPECT_EQ(read.stringOr("status"), "success") << core::json::write(read);
    EXPECT_EQ(countsIn(read).at("bytes"), (3 << 20) + 8);
    EXPECT_EQ(trials(), "");

    auto back = onDump("restore_dump", dumps.at("database db/shop"));
    back.set("as", "shop_back");
    auto restored = resultOf(back);
    EXPECT_EQ(restored.stringOr("status"), "success") << core::json::write(restored);
    EXPECT_EQ(database.sql("SELECT count(*) FROM words", "shop_back"), "20000");
    back = onDump("restore_dump", dumps.at("volume app-files"));
    back.set("as", "files-back");
    restored = resultOf(back);
    EXPECT_EQ(restored.stringOr("status"), "success") << core::json::write(restored);
    for (const auto* name : {"file", "much"})
        EXPECT_EQ(readText(engine_.mountpoint("files-back") / name),
                  readText(engine_.mountpoint("app-files") / name));
    EXPECT_EQ(notes(), 0U);
}

TEST_P(DockerChain, AnAgentThatDiesWhileContainersAreHeldLetsThemGoWhenItStarts) {
    begin("  limit_upload_kib: 3000\n");
    for (const auto* how : {"pause", "stop"}) {
        SCOPED_TRACE(how);
        startApp("app", how, 30);
        const auto payload = dumpTask();
        const auto id = Value(payload).stringOr("task_id");
        server_.sendTask(payload);
        const std::string held = std::string(how) == "pause" ? "paused" : "exited";
        ASSERT_TRUE(await([&] { return locks() == 1 && engine_.state("app") == held; }, 30s));
        killAgentAndStep();
        ASSERT_TRUE(await([&] { return !resticPid(id); }, 30s)) << "restic goes on without its dump";
        EXPECT_EQ(engine_.state("app"), held);
        EXPECT_EQ(notes(), 1U);
        startAgent();
        EXPECT_TRUE(await([&] { return engine_.state("app") == "running"; }, 30s));
        expectInterrupted(id);
        EXPECT_EQ(notes(), 0U);
        EXPECT_EQ(dumpsSaved(), 0U);
        EXPECT_EQ(locks(), 0U);
        engine_.removeAll();
    }
}

TEST_P(DockerChain, AnAgentThatIsKilledAloneTakesItsStepWithItAndContainersGoOn) {
    begin("  limit_upload_kib: 3000\n");
    startApp("app", "stop", 30);
    const auto payload = dumpTask();
    const auto id = Value(payload).stringOr("task_id");
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return locks() == 1 && engine_.state("app") == "exited"; }, 30s));
    killAgent();
    ASSERT_TRUE(await([&] { return !resticPid(id); }, 30s));
    startAgent();
    EXPECT_TRUE(await([&] { return engine_.state("app") == "running"; }, 30s));
    expectInterrupted(id);
    EXPECT_EQ(notes(), 0U);
    EXPECT_EQ(dumpsSaved(), 0U);
    EXPECT_EQ(locks(), 0U);
}

TEST_P(DockerChain, AnAgentThatDiesInATrialRemovesItsContainerWhenItStarts) {
    const DockerServer database(engine_, "postgres", "db");
    database.sql("CREATE DATABASE shop");
    begin();
    const auto dumps = dumpsIn(resultOf(dumpTask()));
    ASSERT_TRUE(dumps.contains("database db/shop"));
    const auto before = engine_.volumes();
    auto payload = onDump("verify_dump", dumps.at("database db/shop"));
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return !trials().empty(); }, 30s));
    killAgentAndStep();
    EXPECT_NE(trials(), "");
    const auto polls = server_.polls().size();
    startAgent();
    EXPECT_TRUE(await([&] { return notes() == 0; }, 30s));
    EXPECT_EQ(trials(), "");
    EXPECT_EQ(engine_.volumes(), before) << "with what it wrote";
    EXPECT_EQ(engine_.state("db"), "running");
    EXPECT_EQ(locks(), 0U);
    // It was given back, and comes again: to this agent, when the dead one's poll is no longer parked.
    ASSERT_TRUE(await([&] { return server_.polls().size() > polls; }));
    payload.set("attempt", 2);
    const auto again = resultOf(payload);
    EXPECT_EQ(again.stringOr("status"), "success") << core::json::write(again);
}
} // namespace
} // namespace test
