#include <gmock/gmock.h>

#include <thread>

#include "plugins/mysql_server.h"
#include "support/long_tests.h"
#include "support/plugin_driver.h"

namespace {
using core::json::Array;
using core::json::Object;
using test::describeDatabase;
using test::MysqlServer;
using test::PluginDriver;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MysqlDump : public testing::Test {
protected:
    MysqlServer& server = MysqlServer::shared();
    PluginDriver driver{"mysql"};
    core::testkit::TempDir folder;

    Object settings(const std::vector<std::string>& databases) {
        auto out = server.settings();
        Array names;
        for (const auto& name : databases)
            names.emplace_back(name);
        out.set("databases", names);
        return out;
    }
    std::filesystem::path file(const std::string& name = "dump") { return folder.path() / name; }
    agent::StepEnd probe(const Object& settings) {
        auto end = driver.run("probe", settings);
        EXPECT_TRUE(end.ok) << end.message;
        return end;
    }
    /// Dumps the database and restores it under the other name.
    void copy(const Object& settings, const std::string& from, const std::string& to, bool replace = false) {
        const auto item = PluginDriver::itemOf(probe(settings), from);
        ASSERT_FALSE(item.empty());
        const auto dumped = driver.dump(settings, item, file());
        ASSERT_TRUE(dumped.ok) << dumped.message;
        const auto restored =
            driver.read("restore", settings, item, {{"database", to}, {"replace", replace}}, file());
        ASSERT_TRUE(restored.ok) << restored.message << restored.hint;
    }
};

std::vector<std::string> problems(const agent::StepEnd& probe, const char* field = "message") {
    std::vector<std::string> out;
    for (const auto& one : *probe.answer.find("problems")->array())
        out.push_back(one.stringOr(field));
    return out;
}

TEST_F(MysqlDump, EverythingComesBackUnderAnotherName) {
    for (const std::string name : {"awkward one", "--awkward", "awk`ward's \"x\"", "awkwörd_é%"}) {
        makeAwkwardDatabase(server, name);
        const auto before = describeDatabase(server, name);
        ASSERT_THAT(before, AllOf(HasSubstr("ghostly"), HasSubstr("nightly"), HasSubstr("twice")));
        server.sql("DROP DATABASE IF EXISTS `awkward copy`;");
        copy(settings({name}), name, "awkward copy");
        EXPECT_EQ(describeDatabase(server, "awkward copy"), before) << name;
        server.sql("DROP DATABASE " + test::quotedName(name) + ";");
    }
}

TEST_F(MysqlDump, TheItemsTellWhatThereIs) {
    makeAwkwardDatabase(server, "shop");
    server.sql("CREATE DATABASE IF NOT EXISTS nothing_in_it CHARACTER SET latin1;");
    const auto end = probe(settings({"shop", "nothing_in_it"}));
    EXPECT_EQ(end.answer.find("server")->stringOr("product"), "MariaDB");
    EXPECT_EQ(end.answer.find("server")->stringOr("label"), "localhost");
    EXPECT_THAT(end.answer.find("server")->stringOr("version"), HasSubstr("MariaDB"));
    const core::json::Value shop(PluginDriver::itemOf(end, "shop"));
    EXPECT_EQ(shop.stringOr("charset"), "utf8mb4");
    EXPECT_EQ(shop.stringOr("collation"), "utf8mb4_swedish_ci");
    EXPECT_EQ(shop.stringOr("extension"), "sql");
    EXPECT_GT(shop.integerOr("bytes"), 16384);
    EXPECT_EQ(core::json::Value(PluginDriver::itemOf(end, "nothing_in_it")).integerOr("bytes", -1), 0);
    EXPECT_FALSE(PluginDriver::itemOf(end, "users").empty());
    EXPECT_THAT(problems(end),
                ElementsAre(AllOf(HasSubstr("ünï tab"), HasSubstr("aria"), HasSubstr("shop"))));
    EXPECT_EQ(end.answer.find("tools")->array()->size(), 2U);
}

TEST_F(MysqlDump, ManyDatabasesAndThoseOfTheServerItself) {
    const int count = test::longTests() ? 200 : 20;
    std::string made;
    std::string dropped;
    for (int i = 0; i < count; ++i) {
        const auto name = "`many " + std::to_string(i) + "`";
        dropped += "DROP DATABASE IF EXISTS " + name + ";";
        made += "CREATE DATABASE " + name + "; CREATE TABLE " + name + ".t AS SELECT " + std::to_string(i) +
                " AS n;";
    }
    server.sql(dropped + made);
    auto all = settings({});
    all.set("exclude_databases", Array{"many 3"});
    const auto end = probe(all);
    int many = 0;
    for (const auto& item : *end.answer.find("items")->array()) {
        const auto name = item.stringOr("name");
        EXPECT_TRUE(name != "information_schema" && name != "performance_schema" && name != "sys" &&
                    name != "mysql")
            << name;
        if (!name.starts_with("many "))
            continue;
        ++many;
        if (!test::longTests() && many % 5 != 0)
            continue;
        const auto dumped = driver.dump(all, *item.object(), file());
        ASSERT_TRUE(dumped.ok) << dumped.message;
        EXPECT_THAT(test::readText(file()), HasSubstr("(" + name.substr(5) + ")")) << name;
    }
    EXPECT_EQ(many, count - 1);
    EXPECT_TRUE(PluginDriver::itemOf(end, "many 3").empty());
    all.set("system_database", true);
    EXPECT_FALSE(PluginDriver::itemOf(probe(all), "mysql").empty());
    server.sql(dropped);
}

TEST_F(MysqlDump, AnEmptyDatabaseComesBack) {
    server.sql("CREATE OR REPLACE DATABASE hollow CHARACTER SET latin1; DROP DATABASE IF EXISTS hollow2;");
    copy(settings({"hollow"}), "hollow", "hollow2");
    EXPECT_EQ(server.sql("SELECT @@character_set_database;", "hollow2"), "latin1\n");
}

TEST_F(MysqlDump, TablesCanBeLeftOut) {
    server.sql("CREATE OR REPLACE DATABASE parted; CREATE TABLE parted.kept (a INT); CREATE TABLE "
               "parted.`left out` (a "
               "INT); DROP DATABASE IF EXISTS parted2;");
    auto some = settings({"parted"});
    some.set("exclude_tables", Array{"parted.left out", "other.kept"});
    copy(some, "parted", "parted2");
    EXPECT_EQ(server.sql("SHOW TABLES;", "parted2"), "kept\n");
}

TEST_F(MysqlDump, MoneyThatMovesIsNeitherLostNorDoubled) {
    server.sql("CREATE OR REPLACE DATABASE bank; DROP DATABASE IF EXISTS bank2;");
    server.sql("CREATE TABLE account (id INT PRIMARY KEY, money INT, note CHAR(200) DEFAULT 'x');"
               "INSERT INTO account SELECT seq, 100, REPEAT('y',200) FROM seq_1_to_20000;"
               "CREATE TABLE z_account LIKE account; INSERT INTO z_account SELECT * FROM account;"
               "CREATE TABLE moves (n INT); INSERT INTO moves VALUES (0);",
               "bank");
    const auto writer = server.background(
        "DELIMITER ;;\nBEGIN NOT ATOMIC DECLARE i, a, b INT DEFAULT 0; WHILE i < 9000000 DO SET "
        "a=1+FLOOR(RAND()*20000), "
        "b=1+FLOOR(RAND()*20000); START TRANSACTION; UPDATE account SET money=money-1 WHERE id=a; UPDATE "
        "z_account SET "
        "money=money+1 WHERE id=b; UPDATE moves SET n=n+1; COMMIT; SET i=i+1; END WHILE; END;;\n",
        "bank");
    const auto moves = [&] { return std::stol(server.sql("SELECT n FROM moves;", "bank")); };
    ASSERT_TRUE(test::eventually([&] { return moves() > 100; }));
    const auto before = moves();
    auto own = settings({"bank"});
    const auto item = PluginDriver::itemOf(probe(own), "bank");
    const auto dumped = driver.dump(own, item, file());
    ASSERT_TRUE(dumped.ok) << dumped.message;
    const auto after = moves();
    EXPECT_GT(after, before + 50);
    server.endSessionsIn("bank");
    writer->wait(std::chrono::seconds(10));
    const auto restored =
        driver.read("restore", own, item, {{"database", "bank2"}, {"replace", false}}, file());
    ASSERT_TRUE(restored.ok) << restored.message;
    EXPECT_EQ(
        server.sql(
            "SELECT SUM(money) FROM (SELECT money FROM account UNION ALL SELECT money FROM z_account) x;",
            "bank2"),
        "4000000\n");
    const auto moved = std::stol(server.sql("SELECT n FROM moves;", "bank2"));
    EXPECT_TRUE(moved >= before && moved <= after) << before << " " << moved << " " << after;
    EXPECT_EQ(server.sql("SELECT SUM(money) FROM account;", "bank2"), std::to_string(2000000 - moved) + "\n");
}

TEST_F(MysqlDump, TablesWithoutTransactionsAreLockedWhereThatIsWanted) {
    server.sql("CREATE OR REPLACE DATABASE isam; CREATE TABLE isam.t (a INT) ENGINE=MyISAM; INSERT INTO "
               "isam.t VALUES (1);");
    const auto plain = settings({"isam"});
    const auto warned = driver.dump(plain, PluginDriver::itemOf(probe(plain), "isam"), file());
    ASSERT_TRUE(warned.ok) << warned.message;
    EXPECT_THAT(warned.answer.find("warnings")->array()->at(0).string(),
                testing::Pointee(HasSubstr("no transactions")));
    auto locked = plain;
    locked.set("lock_tables", true);
    EXPECT_THAT(problems(probe(locked)), IsEmpty());
    const auto end = driver.dump(locked, PluginDriver::itemOf(probe(locked), "isam"), file());
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_TRUE(end.answer.find("warnings")->array()->empty());
    EXPECT_THAT(driver.log(), Contains(HasSubstr("were locked against writing")));
}

TEST_F(MysqlDump, ThePositionOfTheBinaryLogIsNoted) {
    server.sql("CREATE OR REPLACE DATABASE logged; CREATE TABLE logged.t (a INT);");
    auto own = settings({"logged"});
    own.set("binlog_position", true);
    const auto end = driver.dump(own, PluginDriver::itemOf(probe(own), "logged"), file());
    ASSERT_TRUE(end.ok) << end.message;
    const auto* binlog = end.answer.find("binlog");
    ASSERT_NE(binlog, nullptr);
    EXPECT_THAT(binlog->stringOr("file"), HasSubstr("bin.0"));
    EXPECT_GT(binlog->integerOr("position"), 4);
    EXPECT_THAT(binlog->stringOr("gtid"), HasSubstr("0-1-"));
}

TEST_F(MysqlDump, EqualDatabasesMakeEqualDumps) {
    server.sql(
        "CREATE OR REPLACE DATABASE twin; CREATE TABLE twin.t (a INT); INSERT INTO twin.t VALUES (1),(2);");
    const auto own = settings({"twin"});
    const auto item = PluginDriver::itemOf(probe(own), "twin");
    ASSERT_TRUE(driver.dump(own, item, file("1")).ok);
    ASSERT_TRUE(driver.dump(own, item, file("2")).ok);
    EXPECT_EQ(test::readText(file("1")), test::readText(file("2")));
    EXPECT_THAT(test::readText(file("1")), AllOf(Not(HasSubstr("USE `")), Not(HasSubstr("CREATE DATABASE"))));
}

TEST_F(MysqlDump, AccountsComeBackAndThoseThatExistAreLeft) {
    server.sql("CREATE OR REPLACE USER 'it''s'@'%' IDENTIFIED BY 'one'; CREATE OR REPLACE USER "
               "stays@localhost IDENTIFIED BY 'old';"
               "CREATE OR REPLACE ROLE reader; GRANT SELECT ON *.* TO reader; GRANT reader TO 'it''s'@'%';"
               "SET DEFAULT ROLE reader FOR 'it''s'@'%';"
               "GRANT INSERT ON `a_b`.* TO 'it''s'@'%';");
    const auto grants = server.sql("SHOW GRANTS FOR 'it''s'@'%'; SHOW GRANTS FOR reader;");
    // With the dump program's own way, and with one that does not know it.
    auto older = server.settings();
    std::filesystem::create_directory(folder.path() / "bin");
    test::writeText(folder.path() / "bin/mariadb-dump",
                    "#!/bin/sh\ncase \"$*\" in *--help*) /usr/bin/mariadb-dump \"$@\" | sed "
                    "s/--system=/--sys=/;; *) exec "
                    "/usr/bin/mariadb-dump \"$@\";; esac\n");
    ::chmod((folder.path() / "bin/mariadb-dump").c_str(), 0755);
    std::filesystem::create_symlink("/usr/bin/mariadb", folder.path() / "bin/mariadb");
    older.set("program_folder", (folder.path() / "bin").string());
    for (const auto& own : {server.settings(), older}) {
        const auto item = PluginDriver::itemOf(probe(own), "users");
        const auto dumped = driver.dump(own, item, file());
        ASSERT_TRUE(dumped.ok) << dumped.message;
        server.sql("DROP USER 'it''s'@'%'; DROP ROLE reader; ALTER USER stays@localhost IDENTIFIED BY 'new'; "
                   "GRANT DELETE ON x.* "
                   "TO stays@localhost;");
        const auto stays = server.sql("SHOW GRANTS FOR stays@localhost;");
        const auto restored =
            driver.read("restore", own, item, {{"database", "users"}, {"replace", false}}, file());
        ASSERT_TRUE(restored.ok) << restored.message;
        EXPECT_EQ(server.sql("SHOW GRANTS FOR 'it''s'@'%'; SHOW GRANTS FOR reader;"), grants);
        EXPECT_EQ(server.sql("SHOW GRANTS FOR stays@localhost;"), stays);
        EXPECT_THAT(core::json::write(restored.answer),
                    AllOf(HasSubstr("\"created\":[\"it's@%\",\"reader\"]"), HasSubstr("stays@localhost")));
        server.sql("REVOKE DELETE ON x.* FROM stays@localhost;");
    }
}
} // namespace
