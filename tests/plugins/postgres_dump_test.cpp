#include <fcntl.h>
#include <gmock/gmock.h>

#include <thread>

#include "plugins/postgres_data.h"
#include "plugins/postgres_support.h"
#include "support/long_tests.h"

namespace test {
namespace {
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class PostgresDumpTest : public PostgresTest {
protected:
    void SetUp() override {
        server.sql("DO $$ BEGIN CREATE ROLE data_owner; EXCEPTION WHEN duplicate_object THEN END $$");
    }
    /// Without the key of this dump, which is a random one.
    std::string schemaOf(const std::string& name) {
        const auto text = server.program("pg_dump", {"-s", "-d", name});
        std::istringstream in(text);
        std::string out;
        for (std::string line; std::getline(in, line);)
            if (!line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "))
                out += line + "\n";
        return out;
    }
};

TEST_F(PostgresDumpTest, EverythingComesBackUnderAnotherName) {
    create("awkward", kAwkwardData);
    server.sql("ALTER DATABASE awkward SET work_mem = '7MB'; ALTER ROLE data_owner IN DATABASE awkward SET "
               "jit = off;"
               "COMMENT ON DATABASE awkward IS 'it''s; awkward'; ALTER DATABASE awkward OWNER TO data_owner;"
               "REVOKE CONNECT ON DATABASE awkward FROM PUBLIC");
    drop("awkward copy");
    const auto probe = driver.run("probe", server.settings());
    ASSERT_TRUE(probe.ok) << said(probe);
    const auto item = PluginDriver::itemOf(probe, "awkward");
    const auto end = driver.dump(server.settings(), item, file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_EQ(json(end)["tool"]["name"], "pg_dump");
    EXPECT_EQ(json(end)["warnings"], Json::array());
    EXPECT_EQ(json(end)["server"]["product"], "PostgreSQL");

    const auto back = driver.read("restore", server.settings(), item, {{"database", "awkward copy"}}, file());
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_EQ(json(back)["warnings"], Json::array());
    const auto before = server.sql(kDigests, "awkward");
    EXPECT_THAT(before, HasSubstr("kinds|502 "));
    EXPECT_EQ(before, server.sql(kDigests, "awkward copy"));
    EXPECT_TRUE(schemaOf("awkward") == schemaOf("awkward copy"));
    EXPECT_THAT(schemaOf("awkward copy"), HasSubstr("CREATE POLICY own_rows"));
    const std::string settings =
        "SELECT setconfig, setrole::regrole FROM pg_db_role_setting s JOIN pg_database d ON "
        "d.oid = setdatabase WHERE datname = ";
    EXPECT_EQ(server.sql(settings + "'awkward' ORDER BY 1"),
              server.sql(settings + "'awkward copy' ORDER BY 1"));
    EXPECT_THAT(server.sql(settings + "'awkward copy'"), HasSubstr("work_mem=7MB"));
    const std::string self = "SELECT (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a), "
                             "datdba::regrole, datcollate, encoding, shobj_description(oid, "
                             "'pg_database') FROM pg_database WHERE datname = ";
    EXPECT_EQ(server.sql(self + "'awkward'"), server.sql(self + "'awkward copy'"));
    EXPECT_EQ(leftBehind(), "");
}

TEST_F(PostgresDumpTest, NamesAreNeverOptionsOrConnectionStrings) {
    const std::vector<std::string> names{"-dash",
                                         "--help",
                                         "host=evil.example",
                                         "postgresql://evil.example/db",
                                         "dbname='x'",
                                         "\"quoted\"",
                                         "it's a back\\slash",
                                         "Ünïcode 😀 UPPER, dollar$x",
                                         "line\nbreak pipe|tab\t%s*?[x]",
                                         "a;b $(touch /tmp/evil) {json: 1}",
                                         "globals"};
    std::string all;
    std::string none;
    for (const auto& name : names) {
        none += "DROP DATABASE IF EXISTS " + quoted(name) + " WITH (FORCE);\n";
        all += "CREATE DATABASE " + quoted(name) + ";\n";
    }
    server.sql(none + all);
    for (const auto& name : names)
        server.sql("CREATE TABLE t (v text); INSERT INTO t VALUES (current_database())", name);
    const auto probe = driver.run("probe", server.settings());
    ASSERT_TRUE(probe.ok) << said(probe);
    for (const auto& name : names) {
        const auto item = PluginDriver::itemOf(probe, name);
        ASSERT_EQ(Json::parse(core::json::write(item)).value("type", ""), "database") << name;
        const auto end = driver.dump(server.settings(), item, file());
        ASSERT_TRUE(end.ok) << name << ": " << said(end);
        const auto back =
            driver.read("restore", server.settings(), item, {{"database", name}, {"replace", true}}, file());
        ASSERT_TRUE(back.ok) << name << ": " << said(back);
        EXPECT_EQ(server.sql("SELECT v FROM t", name), name);
    }
    // The roles are told from a database that is called like them.
    const auto globals = PluginDriver::itemOf(probe, "globals of the server");
    EXPECT_EQ(Json::parse(core::json::write(globals)).value("type", ""), "globals");
    EXPECT_EQ(leftBehind(), "");
    server.sql(none);
}

TEST_F(PostgresDumpTest, ManyDatabasesAreFoundAndDumped) {
    const int count = longTests() ? 200 : 20;
    std::string made;
    std::string dropped;
    for (int i = 0; i < count; ++i) {
        const auto name = "\"many " + std::to_string(i) + "\"";
        dropped += "DROP DATABASE IF EXISTS " + name + ";\n";
        made += "CREATE DATABASE " + name + " TEMPLATE \"many\";\n";
    }
    server.sql(dropped);
    create("many", "CREATE TABLE t AS SELECT 1 AS v");
    server.sql(made);
    const auto probe = driver.run("probe", server.settings());
    ASSERT_TRUE(probe.ok) << said(probe);
    EXPECT_EQ(json(probe)["problems"], Json::array());
    for (int i = 0; i < count; ++i) {
        const auto item = PluginDriver::itemOf(probe, "many " + std::to_string(i));
        ASSERT_FALSE(item.members().empty()) << i;
        if (!longTests() && i % 5 != 0)
            continue;
        const auto end = driver.dump(server.settings(), item, file());
        ASSERT_TRUE(end.ok) << said(end);
        EXPECT_THAT(readFile(file()), HasSubstr("COPY public.t (v)")) << i;
    }
    server.sql(dropped);
    drop("many");
}

TEST_F(PostgresDumpTest, AnEmptyDatabaseAndOneOfAnotherLocale) {
    create("empty");
    create("icu", "CREATE TABLE t (v text); INSERT INTO t VALUES ('ä'), ('z'), ('a')",
           "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' ENCODING 'UTF8'");
    create("latin", "CREATE TABLE t (v text); INSERT INTO t VALUES (U&'\\00e4')",
           "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    for (const std::string name : {"empty", "icu", "latin"}) {
        ASSERT_TRUE(driver.dump(server.settings(), itemNamed(name), file()).ok);
        drop(name + "2");
        const auto back = restore(file(), name + "2");
        ASSERT_TRUE(back.ok) << said(back);
        const std::string locale = "SELECT encoding, datcollate, datctype, datlocprovider, daticulocale FROM "
                                   "pg_database WHERE datname = ";
        EXPECT_EQ(server.sql(locale + "'" + name + "'"), server.sql(locale + "'" + name + "2'"));
    }
    EXPECT_EQ(server.sql("SELECT v = U&'\\00e4' FROM t", "latin2"), "t");
    EXPECT_EQ(server.sql("SELECT string_agg(v, '' ORDER BY v) FROM t", "icu2"), "aäz");
}

TEST_F(PostgresDumpTest, ADumpIsOfOneMoment) {
    create("bank", "CREATE TABLE account (id int PRIMARY KEY, money bigint);"
                   "INSERT INTO account SELECT g, 1000 FROM generate_series(1, 2000) g;"
                   "CREATE TABLE filler AS SELECT repeat(md5(g::text), 30) FROM generate_series(1, 20000) g;"
                   "CREATE TABLE zaccount (id int PRIMARY KEY, money bigint);"
                   "INSERT INTO zaccount SELECT g, 1000 FROM generate_series(1, 2000) g;"
                   "CREATE PROCEDURE move() LANGUAGE plpgsql AS $$ DECLARE a int; b int; BEGIN LOOP"
                   " a := 1 + (random() * 1999)::int; b := 1 + (random() * 1999)::int;"
                   " UPDATE account SET money = money - 7 WHERE id = a;"
                   " UPDATE zaccount SET money = money + 7 WHERE id = b; COMMIT; END LOOP; END $$");
    const auto one = server.session("CALL move()", "bank");
    const auto two = server.session("CALL move()", "bank");
    // They are at work before it begins.
    while (server.sql("SELECT sum(money) < 2000000 FROM account", "bank") != "t")
        continue;
    const auto end = driver.dump(server.settings(), itemNamed("bank"), file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_FALSE(one->wait(std::chrono::milliseconds(0)));
    one->signal(SIGKILL);
    two->signal(SIGKILL);
    drop("bank2");
    ASSERT_TRUE(restore(file(), "bank2").ok);
    EXPECT_EQ(
        server.sql("SELECT (SELECT sum(money) FROM account) + (SELECT sum(money) FROM zaccount)", "bank2"),
        "4000000");
    EXPECT_EQ(server.sql("SELECT sum(money) < 2000000 FROM account", "bank2"), "t");
    drop("bank");
}

TEST_F(PostgresDumpTest, WhatIsLeftOutIsLeftOut) {
    create("kept", "CREATE TABLE cache_a (v int); INSERT INTO cache_a VALUES (1); CREATE TABLE real (v int);"
                   "INSERT INTO real VALUES (1)");
    create("left out");
    create("restic_agent_restore_00ff"); // a restore that goes on beside it
    auto settings = server.settings();
    settings.set("exclude_databases", core::json::Array{"left out"});
    settings.set("exclude_table_data", core::json::Array{"public.cache_*"});
    settings.set("roles", false);
    auto probe = driver.run("probe", settings);
    ASSERT_TRUE(probe.ok) << said(probe);
    EXPECT_TRUE(PluginDriver::itemOf(probe, "left out").members().empty());
    EXPECT_TRUE(PluginDriver::itemOf(probe, "globals").members().empty());
    EXPECT_TRUE(PluginDriver::itemOf(probe, "restic_agent_restore_00ff").members().empty());
    EXPECT_TRUE(PluginDriver::itemOf(probe, "template1").members().empty());
    ASSERT_TRUE(driver.dump(settings, itemNamed("kept"), file()).ok);
    drop("kept2");
    ASSERT_TRUE(restore(file(), "kept2").ok);
    EXPECT_EQ(server.sql("SELECT (SELECT count(*) FROM cache_a), (SELECT count(*) FROM real)", "kept2"),
              "0|1");

    drop("restic_agent_restore_00ff");

    settings.set("databases", core::json::Array{"kept", "no such one"});
    probe = driver.run("probe", settings);
    ASSERT_TRUE(probe.ok) << said(probe);
    const auto answer = json(probe);
    EXPECT_EQ(answer["items"].size(), 2U);
    ASSERT_EQ(answer["problems"].size(), 1U);
    EXPECT_EQ(answer["problems"][0]["item"], "no such one");
    EXPECT_THAT(answer["problems"][0]["message"].get<std::string>(), HasSubstr("There is no database"));
}

TEST_F(PostgresDumpTest, AStandbyIsDumpedToo) {
    PostgresServer standby;
    standby.sql("CREATE TABLE kept AS SELECT 1 AS v; CREATE UNLOGGED TABLE unlogged AS SELECT 2 AS v");
    standby.stop();
    std::ofstream(standby.folder() + "/data/standby.signal");
    standby.start();
    ASSERT_EQ(standby.sql("SELECT pg_is_in_recovery()"), "t");
    const auto end = driver.dump(standby.settings(), itemNamed("postgres"), file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_THAT(driver.log(), Contains(HasSubstr("1 unlogged tables are not in the dump")));
    EXPECT_EQ(json(end)["warnings"], Json::array()) << "it is so each time, and no doubt about the dump";
    drop("from standby");
    ASSERT_TRUE(restore(file(), "from standby").ok);
    EXPECT_EQ(server.sql("SELECT v FROM kept", "from standby"), "1");
}

TEST_F(PostgresDumpTest, IntoAPipeAsIntoAFile) {
    create("piped", "CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 50000) g");
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::string bytes;
    std::jthread reader([&] {
        char block[65536];
        for (ssize_t count; (count = ::read(ends[0], block, sizeof block)) > 0;)
            bytes.append(block, static_cast<std::size_t>(count));
    });
    const auto end = driver.dump(server.settings(), itemNamed("piped"),
                                 "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends[1]));
    ::close(ends[1]);
    reader.join();
    ::close(ends[0]);
    ASSERT_TRUE(end.ok) << said(end);
    std::ofstream(file(), std::ios::binary) << bytes;
    drop("piped2");
    ASSERT_TRUE(restore(file(), "piped2").ok);
    EXPECT_EQ(server.sql("SELECT count(*) FROM t", "piped2"), "50000");
}

TEST_F(PostgresDumpTest, TheAnswerOfAProbe) {
    create("sized", "CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g");
    const auto probe = driver.run("probe", server.settings());
    ASSERT_TRUE(probe.ok) << said(probe);
    const auto answer = json(probe);
    EXPECT_EQ(answer["server"]["label"], "localhost:" + std::to_string(server.port()));
    EXPECT_THAT(answer["server"]["version"].get<std::string>(), ::testing::StartsWith("15."));
    EXPECT_EQ(answer["tools"][0]["path"], "/usr/lib/postgresql/15/bin/pg_dump");
    EXPECT_THAT(answer["tools"][0]["version"].get<std::string>(), ::testing::StartsWith("15."));
    const auto item = Json::parse(core::json::write(PluginDriver::itemOf(probe, "sized")));
    EXPECT_EQ(item["kind"], "stream");
    EXPECT_EQ(item["extension"], "dump");
    EXPECT_EQ(item["encoding"], "UTF8");
    EXPECT_EQ(std::to_string(item["bytes"].get<long>()), server.sql("SELECT pg_database_size('sized')"));
}
} // namespace
} // namespace test
