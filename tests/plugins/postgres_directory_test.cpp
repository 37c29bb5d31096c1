#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "plugins/postgres_data.h"
#include "plugins/postgres_support.h"

namespace test {
namespace {
using ::testing::HasSubstr;

/// The format directory: several connections dump a database, and restore it.
class PostgresDirectoryTest : public PostgresTest {
protected:
    Object directory(int jobs = 3) {
        auto out = server.settings();
        out.set("format", "directory");
        out.set("jobs", jobs);
        return out;
    }
    Object itemOf(const std::string& database) {
        const auto probe = driver.run("probe", directory());
        EXPECT_TRUE(probe.ok) << said(probe);
        return PluginDriver::itemOf(probe, database);
    }
};

TEST_F(PostgresDirectoryTest, EverythingComesBackUnderAnotherName) {
    server.sql("DO $$ BEGIN CREATE ROLE data_owner; EXCEPTION WHEN duplicate_object THEN END $$");
    create("in folders", kAwkwardData);
    drop("in folders copy");
    const auto item = itemOf("in folders");
    EXPECT_EQ(core::json::Value(item).stringOr("kind"), "files");
    const auto end = driver.dump(directory(), item, file());
    ASSERT_TRUE(end.ok) << said(end);
    EXPECT_EQ(json(end)["warnings"], Json::array());
    EXPECT_TRUE(std::filesystem::exists(file() / "toc.dat"));

    const auto back = driver.read("restore", directory(), item, {{"database", "in folders copy"}}, file());
    ASSERT_TRUE(back.ok) << said(back);
    EXPECT_EQ(json(back)["warnings"], Json::array());
    const auto before = server.sql(kDigests, "in folders");
    EXPECT_THAT(before, HasSubstr("kinds|502 "));
    EXPECT_EQ(before, server.sql(kDigests, "in folders copy"));

    const auto tried = driver.read("verify", directory(), item, {}, file());
    ASSERT_TRUE(tried.ok) << said(tried);
    bool found = false;
    const auto tables = json(tried)["tables"];
    for (const auto& table : tables) {
        EXPECT_EQ(table["rows"], table["expected"]) << table.dump();
        found = found || (table["name"] == "public.kinds" && table["rows"] == 502);
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(leftBehind(), "");
}

/// All connections see the same moment, whoever writes meanwhile.
TEST_F(PostgresDirectoryTest, ADumpIsOfOneMoment) {
    create("in motion", "CREATE TABLE a (v bigint); CREATE TABLE b (v bigint);"
                        "INSERT INTO a SELECT 1000 FROM generate_series(1, 1000);"
                        "INSERT INTO b SELECT 1000 FROM generate_series(1, 1000);");
    std::atomic<bool> done{false};
    std::thread writer([&] {
        while (!done)
            server.sql("BEGIN; UPDATE a SET v = v - 1; UPDATE b SET v = v + 1; COMMIT", "in motion");
    });
    const auto item = itemOf("in motion");
    const auto end = driver.dump(directory(), item, file());
    done = true;
    writer.join();
    ASSERT_TRUE(end.ok) << said(end);
    drop("moment");
    ASSERT_TRUE(driver.read("restore", directory(), item, {{"database", "moment"}}, file()).ok);
    EXPECT_EQ(server.sql("SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM b)", "moment"), "2000000");
}

TEST_F(PostgresDirectoryTest, AFolderOfWhichAFileIsMissingOrCutIsNoDump) {
    create("cut",
           "CREATE TABLE t (v text); INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 500)");
    const auto item = itemOf("cut");
    ASSERT_TRUE(driver.dump(directory(), item, file()).ok);
    std::filesystem::path data;
    for (const auto& entry : std::filesystem::directory_iterator(file()))
        if (entry.path().extension() == ".dat" && entry.path().filename() != "toc.dat")
            data = entry.path();
    ASSERT_FALSE(data.empty());
    const auto whole = readFile(data);
    drop("cut copy");
    std::ofstream(data, std::ios::binary) << whole.substr(0, whole.size() / 2);
    for (const auto* step : {"restore", "verify"}) {
        const auto end = driver.read(step, directory(), item, {{"database", "cut copy"}}, file());
        EXPECT_THAT(said(end), HasSubstr("is cut off")) << step;
    }
    std::filesystem::remove(data);
    for (const auto* step : {"restore", "verify"}) {
        const auto end = driver.read(step, directory(), item, {{"database", "cut copy"}}, file());
        EXPECT_FALSE(end.ok) << step;
    }
    EXPECT_FALSE(exists("cut copy"));
    std::filesystem::remove(file() / "toc.dat");
    const auto end = driver.read("restore", directory(), item, {{"database", "cut copy"}}, file());
    EXPECT_THAT(said(end), HasSubstr("toc.dat, is missing"));
    EXPECT_EQ(leftBehind(), "");
}

} // namespace
} // namespace test
