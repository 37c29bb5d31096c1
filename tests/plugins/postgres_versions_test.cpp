#include <gmock/gmock.h>

#include "plugins/debian13.h"
#include "plugins/postgres_data.h"
#include "plugins/postgres_support.h"

namespace test {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// A server of PostgreSQL 17 beside one of 15, on a machine that has 15 and nothing else.
class PostgresVersionsTest : public PostgresTest {
protected:
    static const std::string& newPrograms() {
        static const auto folder = inDebian13("usr/lib/postgresql/17/bin/");
        return folder;
    }
    static PostgresServer& newer() {
        static PostgresServer server(newPrograms());
        return server;
    }
    void SetUp() override {
        for (auto* one : {&server, &newer()})
            one->sql("DO $$ BEGIN CREATE ROLE data_owner; EXCEPTION WHEN duplicate_object THEN END $$");
    }
    /// Settings with the client of PostgreSQL 17.
    static Object withNewClient(const PostgresServer& one) {
        auto settings = one.settings();
        settings.set("program_folder", newPrograms());
        return settings;
    }
    static void make(PostgresServer& where, const std::string& name, const std::string& content) {
        where.sql("DROP DATABASE IF EXISTS " + quoted(name) + " WITH (FORCE)");
        where.sql("CREATE DATABASE " + quoted(name));
        where.sql(content, name);
    }
    agent::StepEnd restoreInto(const Object& settings, const std::string& name) {
        return driver.read("restore", settings, itemNamed("any"), {{"database", name}}, file());
    }
    const Object globals{{"name", "globals"}, {"type", "globals"}};
};

TEST_F(PostgresVersionsTest, WithoutAClientThatIsNewEnoughNothingIsDumped) {
    const auto settings = newer().settings();
    for (const auto& end :
         {driver.run("probe", settings), driver.dump(settings, itemNamed("postgres"), file()),
          driver.dump(settings, globals, file("roles"))}) {
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message, AllOf(HasSubstr("is PostgreSQL 17"), HasSubstr("17 or later is needed"),
                                       HasSubstr("this machine has 15.")));
        EXPECT_THAT(end.hint, HasSubstr("postgresql-client-17"));
    }
    EXPECT_THAT(readFile(file()), IsEmpty());
    EXPECT_THAT(readFile(file("roles")), IsEmpty());
}

TEST_F(PostgresVersionsTest, WithTheClientOfItsVersionANewerServerIsDumpedTriedAndBroughtBack) {
    make(newer(), "awkward", kAwkwardData);
    const auto settings = withNewClient(newer());
    const auto probe = driver.run("probe", settings);
    ASSERT_TRUE(probe.ok) << said(probe);
    EXPECT_THAT(json(probe)["server"]["version"].get<std::string>(), StartsWith("17."));
    EXPECT_EQ(json(probe)["tools"][0]["path"], newPrograms() + "pg_dump");
    const auto item = PluginDriver::itemOf(probe, "awkward");
    const auto end = driver.dump(settings, item, file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_THAT(json(end)["tool"]["version"].get<std::string>(), StartsWith("17."));
    const auto back = driver.read("restore", settings, item, {{"database", "awkward back"}}, file());
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_EQ(json(back)["warnings"], Json::array());
    EXPECT_EQ(newer().sql(kDigests, "awkward"), newer().sql(kDigests, "awkward back"));

    const auto tried = driver.read("verify", settings, item, {}, file());
    ASSERT_TRUE(tried.ok) << said(tried);
    EXPECT_THAT(json(tried)["server"]["version"].get<std::string>(), StartsWith("17."));
    // Nor is it tried or restored with programs that are older than what made it.
    const auto untried = driver.read("verify", server.settings(), item, {}, file());
    EXPECT_THAT(untried.message, HasSubstr("A server of PostgreSQL 17 or later is needed"));
    EXPECT_THAT(untried.hint, HasSubstr("postgresql-17"));
    const auto refused = restoreInto(server.settings(), "too new");
    EXPECT_THAT(refused.message, HasSubstr("pg_restore 17 or later is needed"));
    EXPECT_THAT(refused.hint, HasSubstr("postgresql-client-17"));
    EXPECT_FALSE(exists("too new"));
}

TEST_F(PostgresVersionsTest, WhatOnlyANewerServerHasComesBackThere) {
    newer().sql(
        "CREATE DATABASE \"of 17\" TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'");
    newer().sql("CREATE TABLE t (v text); INSERT INTO t VALUES ('ä'), ('Z'), ('a')", "of 17");
    newer().sql("CREATE ROLE \"one of 17\"; GRANT pg_maintain TO \"one of 17\" WITH INHERIT FALSE");
    const auto settings = withNewClient(newer());
    ASSERT_TRUE(driver.dump(settings, itemNamed("of 17"), file()).ok);
    const auto back = restoreInto(settings, "of 17 back");
    ASSERT_TRUE(back.ok) << said(back);
    const std::string locale =
        "SELECT encoding, datcollate, datlocprovider, datlocale FROM pg_database WHERE datname = ";
    EXPECT_EQ(newer().sql(locale + "'of 17'"), newer().sql(locale + "'of 17 back'"));
    EXPECT_EQ(newer().sql("SELECT string_agg(v, '' ORDER BY v) FROM t", "of 17 back"), "Zaä");

    ASSERT_TRUE(driver.dump(settings, globals, file("roles")).ok);
    newer().sql("DROP ROLE \"one of 17\"");
    const auto roles = driver.read("restore", settings, globals, {{"database", "globals"}}, file("roles"));
    ASSERT_TRUE(roles.ok) << said(roles);
    EXPECT_EQ(
        newer().sql("SELECT inherit_option FROM pg_auth_members WHERE member = '\"one of 17\"'::regrole"),
        "f");

    // An older server has no such locale: the message says so, and nothing is left there.
    const auto refused = restoreInto(withNewClient(server), "of 17");
    EXPECT_FALSE(refused.ok);
    EXPECT_FALSE(exists("of 17"));
    EXPECT_EQ(leftBehind(), "");
}

TEST_F(PostgresVersionsTest, AnOlderServerIsDumpedAndRestoredWithANewerClient) {
    create("older", kAwkwardData);
    const auto settings = withNewClient(server);
    const auto probe = driver.run("probe", settings);
    ASSERT_TRUE(probe.ok) << said(probe);
    const auto item = PluginDriver::itemOf(probe, "older");
    const auto end = driver.dump(settings, item, file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_THAT(json(end)["tool"]["version"].get<std::string>(), StartsWith("17."));
    drop("older back");
    // It sets transaction_timeout, which a server of that version does not know.
    const auto back = driver.read("restore", settings, item, {{"database", "older back"}}, file());
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_EQ(json(back)["warnings"], Json::array());
    EXPECT_EQ(server.sql(kDigests, "older"), server.sql(kDigests, "older back"));
    ASSERT_TRUE(driver.dump(settings, globals, file("roles")).ok);
    const auto roles = driver.read("restore", settings, globals, {{"database", "globals"}}, file("roles"));
    EXPECT_TRUE(roles.ok) << said(roles);
}

TEST_F(PostgresVersionsTest, ADumpOfAnOlderServerIsRestoredIntoANewerOne) {
    create("upgraded", kAwkwardData);
    ASSERT_TRUE(driver.dump(server.settings(), itemNamed("upgraded"), file()).ok);
    const auto back = restoreInto(newer().settings(), "upgraded");
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_THAT(json(back)["tool"]["version"].get<std::string>(), StartsWith("15."));
    EXPECT_EQ(server.sql(kDigests, "upgraded"), newer().sql(kDigests, "upgraded"));
}
} // namespace
} // namespace test
