#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "integration/system/agent_fixture.h"

/// The sample plugin, which was built from the installed prefix alone, in an agent: SQLite databases that
/// somebody writes to.
namespace test {
namespace {

namespace fs = std::filesystem;

class SqlitePlugin : public BackupSystemTest {
protected:
    void SetUp() override {
        agentEnvironment_["RESTIC_AGENT_PLUGIN_PATH"] =
            (fs::path(SDK_DIR) / "plugin/build/lib/restic-agent/plugins").string();
        file_ = (dir_ / "shop.db").string();
        ASSERT_EQ(sqlite3_open(file_.c_str(), &database_), SQLITE_OK);
        execute("PRAGMA journal_mode=WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER);"
                "WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 100) "
                "INSERT INTO accounts SELECT value, 100 FROM n");
    }
    void TearDown() override {
        sqlite3_close(database_);
        BackupSystemTest::TearDown();
    }
    void execute(const std::string& sql) {
        char* problem = nullptr;
        sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &problem);
        EXPECT_EQ(problem, nullptr) << (problem == nullptr ? "" : problem);
        sqlite3_free(problem);
    }
    static std::int64_t number(const std::string& file, const std::string& sql) {
        sqlite3* handle = nullptr;
        sqlite3_stmt* statement = nullptr;
        std::int64_t out = -1;
        if (sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
            sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
            sqlite3_step(statement) == SQLITE_ROW)
            out = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        sqlite3_close(handle);
        return out;
    }

    std::string file_;
    sqlite3* database_ = nullptr;
};

TEST_F(SqlitePlugin, BuiltFromThePrefixAloneDumpsWhatIsWrittenToAndBringsItBack) {
    writeFile(dir_ / "agent.yaml", "");
    const auto enabled =
        runner_.run(agentCommand({"plugin", "enable", "sqlite_files", "databases=" + file_})).value();
    ASSERT_TRUE(enabled.exit.ok()) << enabled.error;
    const auto tested = runner_.run(agentCommand({"plugin", "test", "sqlite_files", "--json"})).value();
    EXPECT_TRUE(tested.exit.ok()) << tested.output << tested.error;
    begin();
    const auto plugins = "/api/v1/restic/agents/" + agentId_ + "/plugins";
    ASSERT_TRUE(await([&] { return !get(plugins).find("items")->array()->empty(); }));
    auto body = policyBody("nightly");
    body.set("include_paths", Array{});
    body.set("repository_id", repositoryId_);
    body.set("plugins", Array{Object{{"name", "sqlite_files"}}});
    const auto changed = api().send("PUT", "/api/v1/restic/policies/" + policyId_, "Bearer " + admin_,
                                    core::json::write(body));
    ASSERT_EQ(changed.status, 200) << changed.body;

    std::atomic<bool> enough = false;
    std::thread writer([&] {
        for (int i = 0; !enough; ++i)
            execute("BEGIN; UPDATE accounts SET balance = balance - 7 WHERE id = " +
                    std::to_string(i % 100 + 1) + "; UPDATE accounts SET balance = balance + 7 WHERE id = " +
                    std::to_string((i + 1) % 100 + 1) + "; COMMIT");
    });
    const auto id = backupNow();
    const auto status = outcome(id);
    enough = true;
    writer.join();
    EXPECT_EQ(status, "success") << core::json::write(task(id));

    const auto dumps = get("/api/v1/restic/agents/" + agentId_ + "/dumps");
    const auto snapshot = dumps.find("items")->array()->at(0).stringOr("snapshot_id");
    const auto back = (dir_ / "back.db").string();
    succeed(
        post("/api/v1/restic/snapshots/" + snapshot + "/restore", {{"database", back}}, 202).stringOr("id"));
    EXPECT_EQ(number(back, "SELECT count(*) FROM accounts"), 100);
    EXPECT_EQ(number(back, "SELECT sum(balance) FROM accounts"), 10000) << "the dump is of one moment";
    const auto tried =
        succeed(post("/api/v1/restic/snapshots/" + snapshot + "/verify", {}, 202).stringOr("id"));
    const auto& table = tried.find("tables")->array()->at(0);
    EXPECT_EQ(table.stringOr("name"), "accounts");
    EXPECT_EQ(table.integerOr("rows"), 100);
}

} // namespace
} // namespace test
