#include <gmock/gmock.h>

#include <thread>

#include "plugins/postgres_support.h"

namespace test {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PostgresRestoreTest : public PostgresTest {
protected:
    static constexpr const char* kContent =
        "CREATE TABLE a AS SELECT g, repeat(md5(g::text), 20) AS t FROM generate_series(1, 5000) g;"
        "CREATE TABLE b AS SELECT g, repeat(md5(g::text), 20) AS t FROM generate_series(1, 5000) g;"
        "SELECT lo_from_bytea(0, decode(repeat('ab00', 1000), 'hex'))";
    void dumped(const std::string& name, const std::string& content = kContent) {
        create(name, content);
        const auto end = driver.dump(server.settings(), itemNamed(name), file());
        ASSERT_TRUE(end.ok) << said(end);
    }
};

TEST_F(PostgresRestoreTest, ADatabaseThatExistsIsReplacedOnlyIfSaid) {
    dumped("shop");
    server.sql("DROP TABLE b; INSERT INTO a VALUES (9999999)", "shop");
    const auto refused = restore(file(), "shop");
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.message, HasSubstr("\"shop\" exists"));
    EXPECT_EQ(server.sql("SELECT count(*) FROM a", "shop"), "5001");
    // Somebody who is connected does not keep it.
    const auto connected = server.session("SELECT pg_sleep(60)", "shop");
    while (server.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop'") != "1")
        continue;
    const auto back = restore(file(), "shop", true);
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_EQ(server.sql("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)", "shop"), "5000|5000");
    EXPECT_EQ(leftBehind(), "");
    EXPECT_THAT(restore(file(), "template1", true).message, HasSubstr("template"));
    EXPECT_THAT(restore(file(), std::string(64, 'x')).message, HasSubstr("too long"));
}

TEST_F(PostgresRestoreTest, ABrokenDumpLosesNothing) {
    dumped("whole");
    const auto good = readFile(file());
    ASSERT_GT(good.size(), 1000000U);
    server.sql("CREATE TABLE only_here (v int)", "whole");
    for (const auto size : {std::size_t{0}, std::size_t{3}, std::size_t{500}, good.size() / 4,
                            good.size() / 2, good.size() - 1}) {
        std::ofstream(file("cut"), std::ios::binary).write(good.data(), static_cast<std::streamsize>(size));
        const auto back = restore(file("cut"), "whole", true);
        EXPECT_FALSE(back.ok) << size;
        EXPECT_THAT(back.message, ::testing::AnyOf(HasSubstr("not complete"), HasSubstr("empty"))) << size;
        EXPECT_THAT(back.hint, HasSubstr("Choose another snapshot"));
        drop("new one");
        EXPECT_FALSE(restore(file("cut"), "new one").ok);
        EXPECT_FALSE(exists("new one"));
    }
    std::ofstream(file("other"), std::ios::binary) << "-- no archive at all\n" << std::string(100000, 'x');
    EXPECT_THAT(restore(file("other"), "whole", true).message, HasSubstr("no dump"));
    EXPECT_EQ(server.sql("SELECT count(*) FROM a, only_here", "whole"), "0");
    EXPECT_EQ(server.sql("SELECT count(*) FROM b", "whole"), "5000");
    EXPECT_EQ(leftBehind(), "");
}

TEST_F(PostgresRestoreTest, RolesThatDoNotExistAreNamed) {
    server.sql("CREATE ROLE \"lost owner\"; CREATE ROLE lost_reader");
    dumped("owned", "CREATE TABLE t (v int); INSERT INTO t VALUES (1); ALTER TABLE t OWNER TO \"lost owner\";"
                    "CREATE TABLE u (v int); GRANT SELECT ON u TO lost_reader");
    drop("owned");
    server.sql("DROP ROLE \"lost owner\"; DROP ROLE lost_reader");
    const auto back = restore(file(), "owned");
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_THAT(json(back)["warnings"].dump(), AllOf(HasSubstr("lost owner"), HasSubstr("lost_reader")));
    EXPECT_EQ(server.sql("SELECT count(*) FROM t", "owned"), "1");
    EXPECT_EQ(server.sql("SELECT relowner::regrole FROM pg_class WHERE relname = 't'", "owned"), "postgres");
}

TEST_F(PostgresRestoreTest, ARoleThatIsNoSuperuserRestoresWhatItMay) {
    server.sql("DROP ROLE IF EXISTS restorer; CREATE ROLE restorer LOGIN CREATEDB PASSWORD 'pw'");
    dumped("given");
    drop("given2");
    const auto back = driver.read("restore", server.settingsOf("restorer", "pw"), itemNamed("given"),
                                  {{"database", "given2"}}, file());
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_THAT(json(back)["warnings"].dump(), HasSubstr("Everything belongs to"));
    EXPECT_EQ(server.sql("SELECT count(*) FROM b", "given2"), "5000");
    server.sql("ALTER ROLE restorer NOCREATEDB");
    const auto refused = driver.read("restore", server.settingsOf("restorer", "pw"), itemNamed("given"),
                                     {{"database", "given3"}}, file());
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.hint, HasSubstr("ALTER ROLE \"restorer\" CREATEDB;"));
    drop("given2");
    server.sql("DROP ROLE restorer");
}

TEST_F(PostgresRestoreTest, RolesComeBackAndThoseThatExistAreKept) {
    server.sql(
        "DROP ROLE IF EXISTS stays, \"goes 'x'\"; CREATE ROLE stays LOGIN PASSWORD 'old';"
        "CREATE ROLE \"goes 'x'\" LOGIN PASSWORD 'secret' VALID UNTIL '2099-01-01'; GRANT stays TO \"goes "
        "'x'\";"
        "COMMENT ON ROLE \"goes 'x'\" IS E'one;\\n\\\\! two'; ALTER ROLE \"goes 'x'\" SET work_mem = '9MB'");
    const std::string ask = "SELECT rolcanlogin, rolpassword, rolvaliduntil FROM pg_authid WHERE rolname = ";
    const auto before = server.sql(ask + "'goes ''x'''");
    const core::json::Object item{{"name", "globals"}, {"type", "globals"}};
    const auto end = driver.dump(server.settings(), item, file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_EQ(json(end)["tool"]["name"], "pg_dumpall");
    EXPECT_EQ(json(end)["warnings"], Json::array());
    server.sql("DROP ROLE \"goes 'x'\"; ALTER ROLE stays PASSWORD 'new' NOLOGIN");
    const auto kept = server.sql(ask + "'stays'");
    const auto back = driver.read("restore", server.settings(), item, {{"database", "globals"}}, file());
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_EQ(server.sql(ask + "'goes ''x'''"), before);
    EXPECT_EQ(server.sql(ask + "'stays'"), kept);
    EXPECT_EQ(
        server.sql(
            "SELECT rolconfig, pg_has_role(oid, 'stays', 'MEMBER'), shobj_description(oid, 'pg_authid') "
            "FROM pg_roles WHERE rolname = 'goes ''x'''"),
        "{work_mem=9MB}|t|one;\n\\! two");
    EXPECT_THAT(json(back)["kept"], ::testing::Contains("stays"));
    EXPECT_THAT(json(back)["warnings"].dump(), HasSubstr("were kept"));
    // Half of it, and one that would run a program.
    const auto whole = readFile(file());
    std::ofstream(file("cut"), std::ios::binary) << whole.substr(0, whole.size() / 2);
    EXPECT_FALSE(driver.read("restore", server.settings(), item, {{"database", "globals"}}, file("cut")).ok);
    std::ofstream(file("evil"), std::ios::binary) << "\\! touch " << file("evil was here").string() << "\n"
                                                  << whole;
    const auto evil =
        driver.read("restore", server.settings(), item, {{"database", "globals"}}, file("evil"));
    EXPECT_FALSE(evil.ok);
    EXPECT_THAT(evil.message, HasSubstr("a command that pg_dumpall does not write"));
    EXPECT_FALSE(std::filesystem::exists(file("evil was here")));
    server.sql("DROP ROLE \"goes 'x'\"; DROP ROLE stays");
}

TEST_F(PostgresRestoreTest, ANewerClientMaySetWhatTheServerDoesNotKnow) {
    dumped("younger", "CREATE TABLE t AS SELECT 1 AS v");
    // As pg_restore 17 is with a server 15: its first statement fails.
    const auto programs = folder.path() / "newer";
    std::filesystem::create_directory(programs);
    std::filesystem::create_symlink(std::string(PostgresServer::kPrograms) + "psql", programs / "psql");
    const auto says = [&](const std::string& errors, int count) {
        std::ofstream(programs / "pg_restore")
            << "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'pg_restore (PostgreSQL) 17.0'; exit; fi\n"
            << PostgresServer::kPrograms << "pg_restore \"$@\" || exit 1\n"
            << "cat >&2 <<'END'\n"
            << errors << "pg_restore: warning: errors ignored on restore: " << count << "\nEND\nexit 1\n";
        std::filesystem::permissions(programs / "pg_restore", std::filesystem::perms::owner_all);
    };
    auto settings = server.settings();
    settings.set("program_folder", programs.string());
    const auto run = [&] {
        drop("younger2");
        return driver.read("restore", settings, itemNamed("younger"), {{"database", "younger2"}}, file());
    };
    const std::string unknown =
        "pg_restore: error: could not execute query: ERROR:  unrecognized configuration "
        "parameter \"transaction_timeout\"\nCommand was: SET transaction_timeout = 0;\n\n";
    says(unknown, 1);
    const auto good = run();
    ASSERT_TRUE(good.ok) << said(good);
    EXPECT_EQ(server.sql("SELECT v FROM t", "younger2"), "1");
    says(unknown + "pg_restore: error: COPY failed for table \"t\": ERROR:  wrong\n", 2);
    const auto bad = run();
    EXPECT_FALSE(bad.ok);
    EXPECT_THAT(bad.message, HasSubstr("COPY failed"));
    EXPECT_FALSE(exists("younger2"));
    EXPECT_EQ(leftBehind(), "");
}

TEST_F(PostgresRestoreTest, AKilledRestoreLosesNothingAndIsCleanedUp) {
    dumped("broken off", "CREATE TABLE t (v int); CREATE MATERIALIZED VIEW m AS SELECT pg_sleep(CASE WHEN "
                         "current_database() LIKE 'restic_agent%' THEN 60 ELSE 0 END)::text");
    server.sql("INSERT INTO t VALUES (1)", "broken off");
    std::jthread killer([&] {
        while (
            server.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'restic_agent%' AND wait_event = "
                "'PgSleep'") != "1")
            continue;
        EXPECT_EQ(killSteps(), 1);
    });
    EXPECT_FALSE(restore(file(), "broken off", true).ok);
    killer.join();
    EXPECT_NE(leftBehind(), "");
    const auto end = driver.run("cleanup", server.settings());
    EXPECT_TRUE(end.ok) << said(end);
    EXPECT_EQ(leftBehind(), "");
    EXPECT_EQ(server.sql("SELECT count(*) FROM t", "broken off"), "1");
    drop("broken off");
}

TEST_F(PostgresRestoreTest, ARestoreOfAnotherServerIsNotCleanedUpHere) {
    server.sql("CREATE DATABASE restic_agent_restore_0123; CREATE DATABASE restic_agent_restore_4567");
    ASSERT_TRUE(driver.run("cleanup", server.settings()).ok);
    const auto where = driver.state() / "postgres" / "kept";
    const auto label = "localhost:" + std::to_string(server.port());
    std::ofstream(where / "one.note") << Json{
        {"pid", 999999999}, {"start", 5}, {"server", label}, {"database", "restic_agent_restore_0123"}};
    std::ofstream(where / "two.note") << Json{
        {"pid", 999999999}, {"start", 5}, {"server", "other"}, {"database", "restic_agent_restore_4567"}};
    const auto end = driver.run("cleanup", server.settings());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_EQ(leftBehind(), "restic_agent_restore_4567");
    EXPECT_FALSE(std::filesystem::exists(where / "one.note"));
    EXPECT_TRUE(std::filesystem::exists(where / "two.note"));
    drop("restic_agent_restore_4567");
}
} // namespace
} // namespace test
