#include <csignal>

#include "plugins/chain_fixture.h"
#include "plugins/mysql_server.h"
#include "plugins/postgres_server.h"
#include "support/long_tests.h"

/// The whole way with real parts: server, plugin, agent, restic, and back. Whoever dies in the middle of it,
/// there is no snapshot of half a dump.
namespace test {
namespace {
using namespace std::chrono_literals;

struct Chain {
    std::string plugin;
    Restic restic;
};
void PrintTo(const Chain& chain, std::ostream* out) {
    *out << chain.plugin << " with " << chain.restic.name;
}

class DumpChain : public ChainTest, public testing::WithParamInterface<Chain> {
protected:
    [[nodiscard]] std::string plugin() const override { return GetParam().plugin; }
    [[nodiscard]] bool isPostgres() const { return plugin() == "postgres"; }

    /// The database that is dumped.
    void makeDatabase(int rows) const {
        const auto count = std::to_string(rows);
        if (isPostgres()) {
            auto& server = PostgresServer::shared();
            server.sql(
                "DROP DATABASE IF EXISTS chain; DROP DATABASE IF EXISTS chain_back; CREATE DATABASE chain");
            server.sql("CREATE TABLE words (id bigint PRIMARY KEY, word text); INSERT INTO words SELECT n, "
                       "md5(n::text) || repeat(md5((n * 7)::text), 8) FROM generate_series(1, " +
                           count + ") n",
                       "chain");
        } else {
            auto& server = MysqlServer::shared();
            server.sql("DROP DATABASE IF EXISTS chain_back; CREATE OR REPLACE DATABASE chain");
            server.sql("CREATE TABLE words (id BIGINT PRIMARY KEY, word TEXT); INSERT INTO words SELECT seq, "
                       "CONCAT(MD5(seq), REPEAT(MD5(seq * 7), 8)) FROM seq_1_to_" +
                           count,
                       "chain");
        }
    }

    /// Where the plugin finds its server, and that it dumps this database.
    [[nodiscard]] Object settings() const {
        auto all = isPostgres() ? PostgresServer::shared().settings() : MysqlServer::shared().settings();
        all.set("databases", Array{"chain"});
        all.set(isPostgres() ? "roles" : "users", false);
        return all;
    }
    std::int64_t rows(const std::string& database) const {
        const std::string count = "SELECT count(*) FROM words";
        return std::stoll(isPostgres() ? PostgresServer::shared().sql(count, database)
                                       : MysqlServer::shared().sql(count, database));
    }

    void begin(const std::string& more = {}) {
        writeFile(dir_ / "settings.json", core::json::write(settings()));
        beginWith(GetParam().restic, {"--settings", (dir_ / "settings.json").string()}, more);
    }
    static Value dumpIn(const Value& report) {
        const auto dumps = dumpsOf(report);
        return dumps.empty() ? Value() : dumps.front();
    }
    /// The dump program of this test's agent.
    std::optional<int> dumpProgram() const {
        const std::string name = isPostgres() ? "pg_dump" : "mariadb-dump";
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
            const auto text = entry.path().filename().string();
            if (text.find_first_not_of("0123456789") != std::string::npos)
                continue;
            const auto line = readFile(entry.path() / "cmdline");
            const auto program = line.substr(0, line.find('\0'));
            // The one that dumps, and not one that is asked for its version.
            if (program.ends_with(name) && line.find("chain") != std::string::npos &&
                core::processStartTicks(std::stoi(text)) && isOfAgent(std::stoi(text)))
                return std::stoi(text);
        }
        return std::nullopt;
    }
};

/// Each plugin and the oldest and the newest restic; all pairs of them with the long tests.
std::vector<Chain> chains() {
    const auto oldest = restics().front();
    const auto newest = restics().back();
    if (!longTests())
        return {{"postgres", newest}, {"mysql", oldest}};
    return {{"postgres", oldest}, {"postgres", newest}, {"mysql", oldest}, {"mysql", newest}};
}
INSTANTIATE_TEST_SUITE_P(Plugins, DumpChain, testing::ValuesIn(chains()),
                         [](const auto& it) { return it.param.plugin + "_" + it.param.restic.name; });

TEST_P(DumpChain, ADatabaseIsDumpedTriedAndBroughtBackUnderAnotherName) {
    makeDatabase(5000);
    begin();
    const auto report = resultOf(dumpTask());
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    const auto dump = dumpIn(report);
    EXPECT_EQ(dump.stringOr("state"), "saved") << core::json::write(dump);

    const auto tried = resultOf(onDump("verify_dump", dump));
    EXPECT_EQ(tried.stringOr("status"), "success") << core::json::write(tried);
    const auto* tables = tried.find("result")->find("tables");
    ASSERT_NE(tables, nullptr);
    ASSERT_EQ(tables->array()->size(), 1U);
    EXPECT_EQ(tables->array()->front().integerOr("rows"), 5000);
    EXPECT_EQ(tables->array()->front().integerOr("expected"), 5000);

    auto back = onDump("restore_dump", dump);
    back.set("as", "chain_back");
    const auto restored = resultOf(back);
    EXPECT_EQ(restored.stringOr("status"), "success") << core::json::write(restored);
    EXPECT_EQ(rows("chain_back"), 5000);
    // It is there now: without the word for it nothing is replaced.
    back.set("task_id", newId());
    const auto again = resultOf(back);
    EXPECT_EQ(again.stringOr("status"), "failed") << core::json::write(again);
    EXPECT_EQ(rows("chain_back"), 5000);
}

TEST_P(DumpChain, WhoeverDiesInTheMiddleThereIsNoSnapshotOfHalfADump) {
    makeDatabase(60000); // enough for a kill to come in the middle of it
    begin("  limit_upload_kib: 3000\n");
    struct Victim {
        const char* name;
        std::function<std::optional<int>(const std::string& task)> find;
    };
    const std::vector<Victim> victims{{"the dump program", [&](const std::string&) { return dumpProgram(); }},
                                      {"restic", [&](const std::string& id) { return resticPid(id); }}};
    for (const auto& victim : victims) {
        SCOPED_TRACE(victim.name);
        const auto payload = dumpTask();
        const auto id = Value(payload).stringOr("task_id");
        server_.sendTask(payload);
        std::optional<int> dumping;
        ASSERT_TRUE(await([&] { return locks() == 1 && (dumping = dumpProgram()).has_value(); }, 30s));
        ::kill(*dumping, SIGSTOP); // it must not be through before the kill comes
        std::optional<int> pid;
        ASSERT_TRUE(await([&] { return (pid = victim.find(id)).has_value(); }, 30s));
        ::kill(*pid, SIGKILL);
        const auto report = server_.awaitResult(id, 60s);
        ASSERT_TRUE(report);
        EXPECT_EQ(report->stringOr("status"), "failed") << core::json::write(*report);
        EXPECT_EQ(dumpIn(*report).stringOr("state"), "failed");
        EXPECT_EQ(dumpsSaved(), 0U);
        EXPECT_FALSE(dumpProgram()) << "it goes on though nobody reads it";
        EXPECT_EQ(locks(), 0U) << core::json::write(server_.logLines(id).empty()
                                                        ? core::json::Value()
                                                        : core::json::Value(server_.logLines(id).back()));
    }
}

} // namespace
} // namespace test
