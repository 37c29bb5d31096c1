#include <gmock/gmock.h>

#include <csignal>
#include <thread>

#include "plugins/mysql_server.h"
#include "support/plugin_driver.h"

namespace {
using core::json::Array;
using core::json::Object;
using test::describeDatabase;
using test::MysqlServer;
using test::PluginDriver;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class MysqlRestore : public testing::Test {
protected:
    MysqlServer& server = MysqlServer::shared();
    PluginDriver driver{"mysql"};
    core::testkit::TempDir folder;
    Object item{{"name", "source"}, {"kind", "stream"}, {"extension", "sql"}, {"content", "database"}};

    std::filesystem::path file() { return folder.path() / "dump"; }
    /// The dump of a database with a bit of everything.
    std::string dumped() {
        makeAwkwardDatabase(server, "source");
        auto own = server.settings();
        own.set("databases", Array{"source"});
        item = PluginDriver::itemOf(driver.run("probe", own), "source");
        const auto end = driver.dump(own, item, file());
        EXPECT_TRUE(end.ok) << end.message;
        return test::readText(file());
    }
    agent::StepEnd restore(const std::string& database, bool replace) {
        return driver.read("restore", server.settings(), item, {{"database", database}, {"replace", replace}},
                           file());
    }
    agent::StepEnd verify(const std::string& dump) {
        test::writeText(file(), dump);
        return driver.read("verify", server.settings(), item, {}, file());
    }
    void makeOld() {
        server.sql("CREATE OR REPLACE DATABASE old; CREATE TABLE old.precious (a INT); INSERT INTO "
                   "old.precious VALUES (42);"
                   "CREATE TRIGGER old.tr AFTER INSERT ON old.precious FOR EACH ROW SET @x=1;"
                   "CREATE VIEW old.v AS SELECT * FROM old.precious;");
    }
    std::string trials() { return server.sql("SHOW DATABASES LIKE 'restore\\_trial%';"); }
};

TEST_F(MysqlRestore, ADatabaseWithContentIsNotReplacedUnasked) {
    dumped();
    makeOld();
    const auto before = describeDatabase(server, "old");
    const auto end = restore("old", false);
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("old exists and is not empty"));
    EXPECT_EQ(describeDatabase(server, "old"), before);
    for (const auto* name : {"mysql", "sys", "information_schema"})
        EXPECT_THAT(restore(name, true).message, HasSubstr("of the server itself"));
}

TEST_F(MysqlRestore, AReplacedDatabaseIsAsTheDumpHasIt) {
    dumped();
    makeOld();
    const auto end = restore("old", true);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(describeDatabase(server, "old"), describeDatabase(server, "source"));
    EXPECT_EQ(trials(), "");
    EXPECT_THAT(core::json::write(end.answer), HasSubstr("ghost@nowhere"));
}

TEST_F(MysqlRestore, ADumpThatIsCutOffChangesNothing) {
    const auto whole = dumped();
    makeOld();
    const auto before = describeDatabase(server, "old");
    server.sql("DROP DATABASE IF EXISTS fresh;");
    for (const auto size : {std::size_t{0}, whole.size() / 2, whole.size() - 20}) {
        test::writeText(file(), whole.substr(0, size));
        for (const auto* name : {"old", "fresh"}) {
            const auto end = restore(name, true);
            EXPECT_FALSE(end.ok);
            EXPECT_THAT(end.message, HasSubstr("cut off"));
        }
    }
    EXPECT_EQ(describeDatabase(server, "old"), before);
    EXPECT_EQ(server.sql("SHOW DATABASES LIKE 'fresh';"), "");
}

TEST_F(MysqlRestore, ADumpThatCannotBeLoadedChangesNothing) {
    auto broken = dumped();
    makeOld();
    const auto before = describeDatabase(server, "old");
    server.sql("DROP DATABASE IF EXISTS fresh;");
    broken.insert(broken.rfind("\n-- Dump completed"),
                  "\nCREATE TABLE x (a TEXT COLLATE utf8mb4_0900_ai_ci);\n");
    test::writeText(file(), broken);
    for (const auto* name : {"old", "fresh"}) {
        const auto end = restore(name, true);
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message, HasSubstr("utf8mb4_0900_ai_ci"));
        EXPECT_THAT(end.hint, HasSubstr("collations"));
    }
    EXPECT_EQ(describeDatabase(server, "old"), before);
    EXPECT_EQ(server.sql("SHOW DATABASES LIKE 'fresh';"), "");
    EXPECT_EQ(trials(), "");
}

TEST_F(MysqlRestore, AnEmptyDatabaseIsFilledAndKeepsItsCollation) {
    server.sql("CREATE OR REPLACE DATABASE hollow CHARACTER SET latin2 COLLATE latin2_czech_cs;");
    test::writeText(file(), "CREATE TABLE t (a CHAR(1));\n-- Dump completed\n");
    const auto end = restore("hollow", false);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(server.sql("SHOW CREATE TABLE t;", "hollow"), HasSubstr("latin2_czech_cs"));
}

TEST_F(MysqlRestore, NoCommandOfTheClientIsRunFromADump) {
    item.set("name", "evil");
    const auto mark = folder.path() / "mark";
    server.sql("DROP DATABASE IF EXISTS evil;");
    test::writeText(file(), "SELECT 1;\n\\! touch " + mark.string() + "\nsystem touch " + mark.string() +
                                "\n-- Dump completed\n");
    EXPECT_FALSE(restore("evil", false).ok);
    EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST_F(MysqlRestore, DefinersThatTheServerRefusesAreNamedWithTheGrant) {
    dumped();
    server.sql("CREATE OR REPLACE USER loader@localhost IDENTIFIED BY 'pw'; GRANT ALL ON `fresh`.* TO "
               "loader@localhost;"
               "DROP DATABASE IF EXISTS fresh; SET GLOBAL log_bin_trust_function_creators=1;");
    const auto own = server.settings("loader", "pw");
    const auto load = [&] {
        return driver.read("restore", own, item, {{"database", "fresh"}, {"replace", false}}, file());
    };
    const auto refused = load();
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.hint, AllOf(HasSubstr("ghost@nowhere"), HasSubstr("GRANT SET USER ON *.*")));
    EXPECT_EQ(server.sql("SHOW DATABASES LIKE 'fresh';"), "");
    server.sql(refused.hint.substr(refused.hint.find("GRANT")) + ";");
    const auto end = load();
    EXPECT_TRUE(end.ok) << end.message;
}

TEST_F(MysqlRestore, ATrialFindsAGoodDumpGood) {
    const auto end = verify(dumped());
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(core::json::Value(end.answer).booleanOr("ok"), true);
    std::map<std::string, std::int64_t> rows;
    for (const auto& table : *end.answer.find("tables")->array()) {
        EXPECT_EQ(table.integerOr("rows", -1), table.integerOr("expected", -2)) << table.stringOr("name");
        rows[table.stringOr("name")] = table.integerOr("rows");
    }
    EXPECT_EQ(rows["every_type"], 4);
    EXPECT_EQ(rows["ünï tab"], 3);
    EXPECT_EQ(rows["versioned"], 3); // one row, and what there was before
    EXPECT_EQ(rows["empty_one"], 0);
    EXPECT_EQ(rows["log"], 0);
    EXPECT_EQ(rows.size(), 11U);
    EXPECT_THAT(test::processesWith({"mariadbd", driver.state().string()}), IsEmpty());
}

TEST_F(MysqlRestore, ATrialFindsRowsThatDoNotArrive) {
    const auto end = verify(
        "CREATE TABLE `t` (a INT);\nINSERT INTO `t` VALUES (1),(2),(3);\nDELETE FROM t WHERE a=2;\n-- Dump "
        "completed\n");
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("t has 2 rows, the dump 3"));
    EXPECT_EQ(core::json::Value(end.answer).booleanOr("ok", true), false);
    EXPECT_THAT(verify("CREATE TABLE `t` (a INT);\n").message, HasSubstr("cut off"));
    EXPECT_THAT(verify("CREATE TABEL t;\n-- Dump completed\n").message, HasSubstr("syntax"));
}

TEST_F(MysqlRestore, ATrialThatWasKilledIsCleanedUp) {
    test::writeText(file(), "SELECT SLEEP(60);\n-- Dump completed\n");
    std::jthread trial([&] { (void)driver.read("verify", server.settings(), item, {}, file()); });
    const auto servers = [&] { return test::processesWith({"mariadbd", driver.state().string()}); };
    const auto clients = [&] { return test::ownProcessesWith({"--binary-mode", "trial"}); };
    ASSERT_TRUE(test::eventually([&] { return servers().size() == 1 && !clients().empty(); }));
    const auto steps = test::processesWith({"restic-agent", "/proc/" + std::to_string(::getpid()) + "/fd/"});
    ASSERT_EQ(steps.size(), 1U);
    ::kill(steps[0], SIGKILL);
    trial.join();
    const auto end = driver.run("cleanup", server.settings());
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_TRUE(test::eventually([&] { return servers().empty(); }));
    EXPECT_TRUE(std::filesystem::is_empty(driver.state() / "mysql/kept"));
    EXPECT_EQ(server.sql("SELECT 1;"), "1\n"); // which is not of this plugin
}

TEST_F(MysqlRestore, ATrialOfAccountsCreatesThem) {
    server.sql("CREATE OR REPLACE USER somebody@localhost IDENTIFIED BY 'one';");
    item = PluginDriver::itemOf(driver.run("probe", server.settings()), "users");
    ASSERT_TRUE(driver.dump(server.settings(), item, file()).ok);
    const auto end = driver.read("verify", server.settings(), item, {}, file());
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_GE(core::json::Value(end.answer).integerOr("accounts"), 1);
}
} // namespace
