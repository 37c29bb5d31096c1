#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "archive.h"
#include "plugins/postgres_data.h"
#include "plugins/postgres_support.h"
#include "quoting.h"
#include "row_counts.h"
#include "sql_tokens.h"

namespace test {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PostgresVerifyTest : public PostgresTest {
protected:
    /// Those that the plugin has noted: servers that it started and that still have their folder.
    std::vector<std::string> folders() const {
        std::vector<std::string> out;
        std::error_code none;
        for (const auto& entry :
             std::filesystem::directory_iterator(driver.state() / "postgres" / "kept", none))
            if (entry.path().extension() == ".note")
                if (const auto note = Json::parse(readFile(entry.path()), nullptr, false); note.is_object())
                    out.push_back(note["folder"]);
        return out;
    }
    /// Runs the step and sees that nothing of its server stays.
    agent::StepEnd tried(const Object& item, const std::filesystem::path& from) {
        std::atomic<bool> done = false;
        std::set<std::string> seen;
        std::jthread looking([&] {
            while (!done) {
                for (const auto& one : folders())
                    seen.insert(one);
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }
        });
        auto end = driver.read("verify", server.settings(), item, {}, from);
        done = true;
        looking.join();
        EXPECT_THAT(folders(), IsEmpty());
        for (const auto& one : seen)
            EXPECT_FALSE(std::filesystem::exists(one)) << one;
        servers_ += seen.size();
        return end;
    }
    std::size_t servers_ = 0;
    agent::StepEnd verify(const std::filesystem::path& from) { return tried(itemNamed("any"), from); }
};

TEST_F(PostgresVerifyTest, AGoodDumpIsTriedAndItsRowsAreCounted) {
    server.sql("DO $$ BEGIN CREATE ROLE data_owner; EXCEPTION WHEN duplicate_object THEN END $$");
    create("tried", kAwkwardData);
    server.sql("CREATE ROLE \"made on the way\"; ALTER TABLE guarded OWNER TO \"made on the way\"", "tried");
    ASSERT_TRUE(driver.dump(server.settings(), itemNamed("tried"), file()).ok);
    const auto end = verify(file());
    ASSERT_TRUE(end.ok) << said(end);
    const auto answer = json(end);
    EXPECT_EQ(answer["ok"], true);
    EXPECT_EQ(answer["warnings"], Json::array());
    EXPECT_THAT(answer["server"]["version"].get<std::string>(), HasSubstr("15."));
    std::map<std::string, std::pair<int, int>> tables;
    for (const auto& table : answer["tables"])
        tables[table["name"]] = {table["rows"], table["expected"]};
    EXPECT_EQ(tables["public.kinds"], std::pair(502, 502));
    EXPECT_EQ(tables["public.\"line\nbreak\""], std::pair(3, 3));
    EXPECT_EQ(tables["public.empty_columns"], std::pair(1, 1));
    EXPECT_EQ(tables["public.parent"], std::pair(2, 2)); // without the rows of its child
    EXPECT_EQ(tables["public.refers"], std::pair(1, 1));
    EXPECT_EQ(tables.count("public.measured"), 0U);
    EXPECT_GT(tables["public.measured_h1"].first, 10);
    EXPECT_EQ(
        std::to_string(tables.size()),
        server.sql("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace IN (SELECT oid FROM "
                   "pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')",
                   "tried"));
    EXPECT_EQ(servers_, 1U);
    drop("tried");
    server.sql("DROP ROLE \"made on the way\"");
}

TEST_F(PostgresVerifyTest, ABadDumpIsFound) {
    create("bad", "CREATE TABLE t AS SELECT g FROM generate_series(1, 20000) g");
    ASSERT_TRUE(driver.dump(server.settings(), itemNamed("bad"), file()).ok);
    const auto good = readFile(file());
    std::ofstream(file("cut"), std::ios::binary) << good.substr(0, good.size() - 5000);
    EXPECT_FALSE(verify(file("cut")).ok);
    // A sign in a row that makes it no number.
    auto changed = good;
    const auto at = changed.find("15000\n");
    ASSERT_NE(at, std::string::npos);
    changed[at + 1] = 'x';
    std::ofstream(file("changed"), std::ios::binary) << changed;
    const auto end = verify(file("changed"));
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("cannot be restored"));
    EXPECT_EQ(servers_, 2U);
    drop("bad");
}

TEST_F(PostgresVerifyTest, RolesAreTried) {
    const core::json::Object item{{"name", "globals"}, {"type", "globals"}};
    server.sql("CREATE ROLE \"tried too\"");
    ASSERT_TRUE(driver.dump(server.settings(), item, file()).ok);
    const auto end = tried(item, file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_EQ(json(end)["ok"], true);
    EXPECT_EQ(json(end)["warnings"], Json::array());
    EXPECT_GE(json(end)["roles"], 2);
    EXPECT_EQ(servers_, 1U);
    server.sql("DROP ROLE \"tried too\"");
}

TEST_F(PostgresVerifyTest, WhatAKilledOneLeftIsRemoved) {
    // Long enough to be killed within.
    create("endless");
    server.sql("CREATE MATERIALIZED VIEW m AS SELECT pg_sleep(CASE WHEN current_database() = 'restored' THEN "
               "60 ELSE "
               "0 END)::text",
               "endless");
    ASSERT_TRUE(driver.dump(server.settings(), itemNamed("endless"), file()).ok);
    std::jthread killer([&] {
        for (int i = 0; i < 1000; ++i) {
            for (const auto& one : folders())
                if (std::filesystem::exists(one + "/data/postmaster.pid") &&
                    std::filesystem::exists(one + "/.s.PGSQL.5432")) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(700));
                    killSteps();
                    return;
                }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    });
    const auto end = driver.read("verify", server.settings(), itemNamed("any"), {}, file());
    killer.join();
    EXPECT_FALSE(end.ok);
    ASSERT_EQ(folders().size(), 1U);
    const auto left = folders().front();
    EXPECT_TRUE(std::filesystem::exists(left + "/data"));
    const auto cleaned = driver.run("cleanup", server.settings());
    EXPECT_TRUE(cleaned.ok) << said(cleaned);
    EXPECT_THAT(folders(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(left));
    EXPECT_TRUE(driver.run("cleanup", server.settings()).ok);
    drop("endless");
}

TEST(PostgresRowCountsTest, LinesAreCountedHoweverTheyArrive) {
    const std::string text =
        "SET x = 1;\n\nCOPY public.a (x, y) FROM stdin;\n1\t2\n\\N\tCOPY b (c) FROM stdin;\n\n"
        "\\.x\n\\.\n\n\nCOPY \"od\"\"d\n s\".\"FROM stdin;\" (v) FROM stdin;\n\\.\n"
        "COPY public.c FROM stdin;\na\n\\.\n-- COPY d FROM stdin;\n";
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size()}) {
        postgres::CopyCounter counter;
        for (std::size_t at = 0; at < text.size(); at += step)
            counter.take(std::string_view(text).substr(at, step));
        EXPECT_THAT(counter.counts(), ElementsAre(std::pair("\"od\"\"d\n s\".\"FROM stdin;\"", 0),
                                                  std::pair("public.a", 4), std::pair("public.c", 1)));
        EXPECT_FALSE(counter.unfinished());
    }
    postgres::CopyCounter counter;
    counter.take("COPY a (x) FROM stdin;\n1\n");
    EXPECT_TRUE(counter.unfinished());
}

TEST(PostgresRowCountsTest, EveryDifferenceIsFound) {
    using postgres::differences;
    EXPECT_THAT(differences({{"a", 1}, {"b", 0}}, {{"a", 1}}), IsEmpty());
    const auto found = differences({{"a", 1}, {"b", 3}}, {{"a", 2}, {"c", 4}});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].table + std::to_string(found[0].rows) + std::to_string(found[0].expected), "a12");
    EXPECT_EQ(found[1].table + std::to_string(found[1].rows) + std::to_string(found[1].expected), "b30");
    EXPECT_EQ(found[2].table + std::to_string(found[2].rows) + std::to_string(found[2].expected), "c04");
}

TEST(PostgresQuotingTest, ValuesStayValues) {
    EXPECT_EQ(postgres::literal("it's \\"), "E'it''s \\\\'");
    EXPECT_EQ(postgres::identifier("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(postgres::conninfo("dbname", "x' host='evil\\"), "dbname='x\\' host=\\'evil\\\\'");
    EXPECT_EQ(postgres::passwordLine("a:b\\c"), "*:*:*:*:a\\:b\\\\c\n");
}

TEST(PostgresSqlTokensTest, RolesAreFoundInAccessStatements) {
    EXPECT_THAT(postgres::rolesNamedIn(
                    "REVOKE ALL ON TABLE public.\"TO\" FROM PUBLIC;\n"
                    "SET SESSION AUTHORIZATION grantor;\n"
                    "GRANT SELECT(\"x FROM y\") ON TABLE t TO \"od\"\"d; one\" WITH GRANT OPTION;"
                    "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA s REVOKE ALL ON TABLES FROM bob;"
                    "CREATE POLICY p ON t TO alice, carol USING ((who = 'TO dave'::text));"
                    "SELECT $x$ ; GRANT a TO eve; $x$; -- GRANT a TO frank;\n"),
                ElementsAre("alice", "bob", "carol", "grantor", "od\"d; one", "owner"));
}

TEST(PostgresArchiveTest, WhatIsNoArchiveIsToldFromWhatIsNotWhole) {
    EXPECT_EQ(postgres::readArchive("PGD"), std::nullopt);
    EXPECT_EQ(postgres::readArchive(std::string_view("PGDMP\x01\x0e\x00", 8)), std::nullopt);
    EXPECT_ANY_THROW((void)postgres::readArchive("PGX"));
    EXPECT_ANY_THROW((void)postgres::readArchive("-- plain"));
    // A version of later times.
    EXPECT_ANY_THROW((void)postgres::readArchive(std::string_view("PGDMP\x01\x63\x00\x04\x08\x01", 11)));
    EXPECT_EQ(postgres::majorOf("15.4 (Debian 15.4-1)"), 15);
    EXPECT_EQ(postgres::majorOf("17beta1"), 17);
    EXPECT_EQ(postgres::majorOf(""), 0);
}
} // namespace
} // namespace test
