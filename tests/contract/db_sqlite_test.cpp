#include <fstream>
#include <latch>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "contract/db_fixture.h"

namespace test {

namespace {

class Sqlite : public testing::Test {
protected:
    static void insert(Transaction& tx, const std::string& name) {
        tx.execute("INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, $3)",
                   {tx.tenant(), newId(), name});
    }
    std::vector<std::string> names() {
        std::vector<std::string> list;
        const auto rows = db.run(mine, {{"SELECT name FROM items ORDER BY name"}}, false);
        for (const auto& row : rows.at(0))
            list.push_back(row.text(0));
        return list;
    }
    TestDatabase fixture{Dialect::sqlite, itemsSchema(Dialect::sqlite)};
    Database& db = fixture.db();
    TenantContext mine{newId()};
};

std::string refusedOpen(const std::string& url) {
    TestLog log;
    const core::SystemClock clock;
    const auto error =
        errorOf([&] { open({.url = url, .connectTimeout = core::milliseconds(300)}, clock, log.logger()); });
    EXPECT_EQ(error.name(), "DatabaseError");
    return error.what();
}

} // namespace

TEST_F(Sqlite, SettingsAreInEffect) {
    const auto value = [&](const std::string& pragma, bool writes) {
        return db.run(mine, {{pragma}}, writes).at(0)[0];
    };
    for (const bool writes : {false, true}) {
        EXPECT_EQ(value("PRAGMA journal_mode", writes).text(0), "wal");
        EXPECT_EQ(value("PRAGMA synchronous", writes).integer(0), 2);
        EXPECT_EQ(value("PRAGMA foreign_keys", writes).integer(0), 1);
        EXPECT_EQ(value("PRAGMA busy_timeout", writes).integer(0), 5000);
        EXPECT_EQ(value("PRAGMA query_only", writes).integer(0), writes ? 0 : 1);
    }
}

TEST_F(Sqlite, FailingUnitDoesNotTouchItsGroup) {
    // The writer is held by one unit until the others wait, so that they are committed as one group.
    std::latch holding(1);
    std::latch release(1);
    std::vector<std::jthread> threads;
    threads.emplace_back([&] {
        db.transact(mine, [&](Transaction& tx) {
            insert(tx, "holder");
            holding.count_down();
            release.wait();
        });
    });
    holding.wait();
    const auto commits = db.stats().commits;
    std::atomic<int> violations{0};
    std::atomic<int> thrown{0};
    for (const std::string name : {"a", "b", "c", "d", "e", "f"})
        threads.emplace_back([&, name] {
            try {
                db.transact(mine, [&](Transaction& tx) {
                    insert(tx, name);
                    if (name == "b")
                        insert(tx, "holder"); // violates
                    if (name == "e")
                        throw std::logic_error("given up");
                });
            } catch (const ConstraintViolation&) {
                ++violations;
            } catch (const std::logic_error&) {
                ++thrown;
            }
        });
    while (db.stats().waiting < 6)
        std::this_thread::yield();
    release.count_down();
    threads.clear();
    EXPECT_EQ(violations, 1);
    EXPECT_EQ(thrown, 1);
    EXPECT_EQ(names(), (std::vector<std::string>{"a", "c", "d", "f", "holder"}));
    EXPECT_EQ(db.stats().commits, commits + 1 + 4 + 1); // holder, group, the read of names()
}

TEST_F(Sqlite, DeferredViolationFailsItsOwnUnitOnly) {
    db.run(SystemContext("test"),
           {{"CREATE TABLE late (id INTEGER REFERENCES items2 (id) DEFERRABLE INITIALLY DEFERRED)"},
            {"CREATE TABLE items2 (id INTEGER PRIMARY KEY)"}},
           true);
    EXPECT_THROW(db.run(mine, {{"INSERT INTO late VALUES (5)"}}, true), ConstraintViolation);
    db.transact(mine, [&](Transaction& tx) { insert(tx, "after"); });
    EXPECT_EQ(names(), (std::vector<std::string>{"after"}));
}

TEST_F(Sqlite, WaitsForItsTurnNoLongerThanTheDeadline) {
    const auto other =
        fixture.openAnother([](Options& options) { options.acquireDeadline = core::milliseconds(50); });
    std::latch holding(1);
    std::latch release(1);
    std::jthread holder([&] {
        other->transact(mine, [&](Transaction& tx) {
            insert(tx, "holder");
            holding.count_down();
            release.wait();
        });
    });
    holding.wait();
    EXPECT_EQ(errorOf([&] { other->transact(mine, [&](Transaction& tx) { insert(tx, "late"); }); }).name(),
              "DatabaseError");
    release.count_down();
    holder.join();
    EXPECT_EQ(names(), (std::vector<std::string>{"holder"}));
}

TEST_F(Sqlite, LockedByAnotherProcess) {
    const auto other =
        fixture.openAnother([](Options& options) { options.connectTimeout = core::milliseconds(100); });
    std::latch holding(1);
    std::latch release(1);
    std::jthread holder([&] {
        db.transact(mine, [&](Transaction& tx) {
            insert(tx, "holder");
            holding.count_down();
            release.wait();
        });
    });
    holding.wait();
    const auto error = errorOf([&] { other->transact(mine, [&](Transaction& tx) { insert(tx, "x"); }); });
    EXPECT_EQ(error.name(), "DatabaseError");
    EXPECT_STREQ(error.what(), "The database is locked by another process");
    release.count_down();
    holder.join();
    other->transact(mine, [&](Transaction& tx) { insert(tx, "x"); });
}

TEST_F(Sqlite, EndsAStatementThatRunsTooLong) {
    const auto other =
        fixture.openAnother([](Options& options) { options.statementTimeout = core::milliseconds(100); });
    const auto error = errorOf([&] {
        other->run(mine,
                   {{"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"}},
                   false);
    });
    EXPECT_STREQ(error.what(), "A statement took too long and was ended");
    EXPECT_EQ(other->run(mine, {{"SELECT 1"}}, false).at(0)[0].integer(0), 1);
}

TEST_F(Sqlite, ManyDifferentStatementsStayBounded) {
    for (int i = 0; i < 600; ++i)
        EXPECT_EQ(db.run(mine, {{"SELECT " + std::to_string(i)}}, false).at(0)[0].integer(0), i);
}

TEST(SqliteOpen, SaysWhatIsWrong) {
    const TempDir dir;
    const auto path = dir.path().string();
    EXPECT_NE(refusedOpen("sqlite:" + path + "/none/x.db").find("The folder " + path + "/none of"),
              std::string::npos);
    EXPECT_NE(refusedOpen("sqlite:" + path).find("is a folder"), std::string::npos);
    std::ofstream(dir.path() / "text.db") << "this is no database, whatever it says";
    EXPECT_NE(refusedOpen("sqlite:" + path + "/text.db").find("is no SQLite database"), std::string::npos);
    EXPECT_NE(refusedOpen("sqlite:").find("must name a file"), std::string::npos);
    EXPECT_NE(refusedOpen("mysql://x").find("must begin with"), std::string::npos);
    if (::geteuid() != 0) {
        ::chmod(path.c_str(), 0500);
        EXPECT_NE(refusedOpen("sqlite:" + path + "/new.db").find("is not writable"), std::string::npos);
        ::chmod(path.c_str(), 0700);
    }
}

TEST(SqliteOpen, KeepsTheFilePrivate) {
    const TestDatabase fixture(Dialect::sqlite, itemsSchema(Dialect::sqlite));
    const auto path = fixture.url().substr(7);
    fixture.db().run(SystemContext("test"), {{"DELETE FROM notes"}, {"UPDATE items SET n = 1"}}, true);
    for (const std::string suffix : {"", "-wal", "-shm"}) {
        struct stat info {};
        ASSERT_EQ(::stat((path + suffix).c_str(), &info), 0) << suffix;
        EXPECT_EQ(info.st_mode & 0777, 0600) << suffix;
    }
}

} // namespace test
