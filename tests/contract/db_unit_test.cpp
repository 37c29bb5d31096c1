#include <atomic>
#include <latch>
#include <thread>

#include "contract/db_fixture.h"

namespace test {

class UnitOfWork : public BothDatabases {
protected:
    TestDatabase fixture{GetParam(), itemsSchema(GetParam())};
    Database& db = fixture.db();
    TenantContext mine{newId()};
};
BOTH_DATABASES(UnitOfWork);

TEST_P(UnitOfWork, KeepsEveryKindOfValue) {
    const auto id = newId();
    const auto at = core::fromMicros(1'769'824'800'123'456);
    const std::string bytes("\0\x01\xff'\\", 5);
    const core::json::Value document(core::json::Object{{"a", 1}, {"b", core::json::Array{"x", nullptr}}});
    db.transact(mine, [&](Transaction& tx) {
        EXPECT_EQ(tx.execute("INSERT INTO items (tenant_id, id, name, n, flag, payload, raw, ratio, at_us) "
                             "VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9)",
                             {tx.tenant(), id, "größe 'x' $1", std::int64_t{1} << 60, true, document,
                              Bytes{bytes}, 0.1, at}),
                  1);
    });
    const auto row = db.read(mine, [&](Transaction& tx) {
        return tx.query("SELECT id, name, n, flag, payload, raw, ratio, at_us, tenant_id FROM items "
                        "WHERE tenant_id = $1 AND id = $2::uuid",
                        {tx.tenant(), id});
    });
    ASSERT_EQ(row.size(), 1U);
    EXPECT_EQ(row[0].uuid(0), id);
    EXPECT_EQ(row[0].text(1), "größe 'x' $1");
    EXPECT_EQ(row[0].integer(2), std::int64_t{1} << 60);
    EXPECT_TRUE(row[0].boolean(3));
    EXPECT_EQ(row[0].json(4), document);
    EXPECT_EQ(core::json::parse(row[0].jsonText(4).text).value(), document);
    EXPECT_EQ(row[0].bytes(5), bytes);
    EXPECT_EQ(row[0].real(6), 0.1);
    EXPECT_EQ(row[0].instant(7), at);
    EXPECT_EQ(row[0].uuid(8), mine.tenant());
    EXPECT_EQ(row.affected, 0);
}

TEST_P(UnitOfWork, TimesThatNoCalendarKnowsCanBeCountedWith) {
    const auto read = [&](std::int64_t micros) {
        return db.read(mine, [&](Transaction& tx) {
            return core::formatInstant(tx.query("SELECT $1::bigint", {micros})[0].instant(0));
        });
    };
    EXPECT_EQ(read(INT64_MIN).substr(0, 10), "0001-01-01");
    EXPECT_EQ(read(INT64_MAX).substr(0, 10), "9999-12-31");
    EXPECT_EQ(read(0).substr(0, 10), "1970-01-01");
}

TEST_P(UnitOfWork, NullIsNeverSilentlyAValue) {
    db.transact(mine, [&](Transaction& tx) {
        tx.execute("INSERT INTO items (tenant_id, id, name, n, flag, payload, raw, ratio, at_us) "
                   "VALUES ($1, $2, 'x', $3, $4, $5, $6, $7, $8)",
                   {tx.tenant(), newId(), nullptr, std::optional<bool>(), nullptr, nullptr,
                    std::optional<double>(), std::optional<core::Instant>()});
    });
    const auto rows =
        db.run(mine, {{"SELECT n, flag, payload, raw, ratio, at_us, name FROM items"}}, false).at(0);
    for (std::size_t column = 0; column < 6; ++column)
        EXPECT_TRUE(rows[0].isNull(column)) << column;
    EXPECT_EQ(rows[0].jsonText(2), core::json::Text{"null"});
    EXPECT_EQ(rows[0].optionalInteger(0), std::nullopt);
    EXPECT_EQ(rows[0].optionalReal(4), std::nullopt);
    EXPECT_EQ(rows[0].optionalInstant(5), std::nullopt);
    EXPECT_EQ(errorOf([&] { (void)rows[0].integer(0); }).name(), "InternalError");
    EXPECT_EQ(errorOf([&] { (void)rows[0].boolean(1); }).name(), "InternalError");
    EXPECT_EQ(errorOf([&] { (void)rows[0].integer(6); }).name(), "InternalError");
    EXPECT_EQ(errorOf([&] { (void)rows[0].text(7); }).name(), "InternalError");
}

TEST_P(UnitOfWork, SumsAndEmptyResults) {
    db.transact(mine, [&](Transaction& tx) {
        for (int i = 1; i <= 3; ++i)
            tx.execute("INSERT INTO items (tenant_id, id, name, n) VALUES ($1, $2, $3, $4)",
                       {tx.tenant(), newId(), "i" + std::to_string(i), i});
    });
    const auto rows =
        db.run(mine, {{"SELECT sum(n) FROM items"}, {"SELECT name FROM items WHERE n > $1", {5}}}, false);
    EXPECT_EQ(rows.at(0)[0].integer(0), 6);
    EXPECT_TRUE(rows.at(1).empty());
}

TEST_P(UnitOfWork, ReturnsTheNumberOfChangedRows) {
    db.transact(mine, [&](Transaction& tx) {
        insert(tx, "a");
        insert(tx, "b");
        EXPECT_EQ(tx.execute("UPDATE items SET n = 1 WHERE tenant_id = $1", {tx.tenant()}), 2);
        EXPECT_EQ(tx.execute("UPDATE items SET n = 1 WHERE name = $1", {"c"}), 0);
        EXPECT_EQ(tx.execute("DELETE FROM items WHERE name = $1", {"a"}), 1);
        const auto returned = tx.query("UPDATE items SET n = 2 WHERE name = 'b' RETURNING n");
        EXPECT_EQ(returned.affected, 1);
        EXPECT_EQ(returned[0].integer(0), 2);
    });
}

TEST_P(UnitOfWork, FailedStatementUndoesTheWholeUnit) {
    EXPECT_THROW(db.transact(mine,
                             [&](Transaction& tx) {
                                 insert(tx, "first");
                                 insert(tx, "first");
                             }),
                 ConstraintViolation);
    EXPECT_EQ(count(db, mine), 0);
}

TEST_P(UnitOfWork, SwallowedFailureStillUndoesTheUnit) {
    EXPECT_THROW(db.transact(mine,
                             [&](Transaction& tx) {
                                 insert(tx, "first");
                                 try {
                                     insert(tx, "first");
                                 } catch (const ConstraintViolation&) {
                                 }
                             }),
                 ConstraintViolation);
    EXPECT_EQ(count(db, mine), 0);
    EXPECT_GE(db.stats().rollbacks, 1U);
}

TEST_P(UnitOfWork, ThrowingWorkUndoesTheUnit) {
    EXPECT_THROW(db.transact(mine,
                             [&](Transaction& tx) {
                                 insert(tx, "first");
                                 throw std::logic_error("no");
                             }),
                 std::logic_error);
    EXPECT_EQ(count(db, mine), 0);
    db.transact(mine, [&](Transaction& tx) { insert(tx, "second"); });
    EXPECT_EQ(count(db, mine), 1);
}

TEST_P(UnitOfWork, NamesTheViolatedConstraint) {
    using Kind = ConstraintViolation::Kind;
    const auto violation = [&](const std::string& sql, const Params& params) {
        try {
            db.run(mine, {{sql, params}}, true);
        } catch (const ConstraintViolation& v) {
            return std::pair(v.kind(), v.constraint());
        }
        return std::pair(Kind::other, std::string("nothing thrown"));
    };
    db.transact(mine, [&](Transaction& tx) { insert(tx, "a"); });
    const auto t = mine.tenant();
    EXPECT_EQ(
        violation("INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, 'a')", {t, newId()}),
        std::pair(Kind::unique, std::string(postgres() ? "items_name_key" : "items.tenant_id, items.name")));
    EXPECT_EQ(violation("INSERT INTO items (tenant_id, id, name, n) VALUES ($1, $2, 'b', 0)", {t, newId()}),
              std::pair(Kind::check, std::string("n_positive")));
    EXPECT_EQ(violation("INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, $3)", {t, newId(), nullptr}),
              std::pair(Kind::notNull, std::string("items.name")));
    EXPECT_EQ(
        violation("INSERT INTO notes (tenant_id, id, item_id) VALUES ($1, $2, $3)", {t, newId(), newId()})
            .first,
        Kind::foreignKey);
}

TEST_P(UnitOfWork, ReadingUnitsCannotChange) {
    EXPECT_EQ(errorOf([&] { db.read(mine, [&](Transaction& tx) { insert(tx, "a"); }); }).name(),
              "InternalError");
    EXPECT_EQ(errorOf([&] { db.run(mine, {{"DELETE FROM items"}}, false); }).name(), "InternalError");
    EXPECT_EQ(count(db, mine), 0);
}

TEST_P(UnitOfWork, ReadingUnitSeesOneState) {
    db.transact(mine, [&](Transaction& tx) { insert(tx, "a"); });
    db.read(mine, [&](Transaction& tx) {
        const auto before = tx.query("SELECT count(*) FROM items")[0].integer(0);
        std::jthread([&] { db.transact(mine, [&](Transaction& other) { insert(other, "b"); }); }).join();
        EXPECT_EQ(tx.query("SELECT count(*) FROM items")[0].integer(0), before);
    });
    EXPECT_EQ(count(db, mine), 2);
}

TEST_P(UnitOfWork, BatchAndRunKeepTheOrder) {
    const auto results =
        db.run(mine,
               {{"INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, 'a')", {mine.tenant(), newId()}},
                {"SELECT name FROM items"},
                {"UPDATE items SET name = 'z'"},
                {"SELECT name FROM items"}},
               true);
    ASSERT_EQ(results.size(), 4U);
    EXPECT_EQ(results[0].affected, 1);
    EXPECT_EQ(results[1][0].text(0), "a");
    EXPECT_EQ(results[3][0].text(0), "z");
    EXPECT_TRUE(db.run(mine, {}, true).empty());
    EXPECT_THROW(db.run(mine,
                        {{"DELETE FROM items"},
                         {"INSERT INTO items (tenant_id, id) VALUES ($1, $2)", {mine.tenant(), newId()}}},
                        true),
                 ConstraintViolation);
    EXPECT_EQ(count(db, mine), 1);
    EXPECT_EQ(db.read(mine,
                      [](Transaction& tx) {
                          return tx.batch({{"SELECT 1"}, {"SELECT 2"}});
                      })[1][0]
                  .integer(0),
              2);
}

TEST_P(UnitOfWork, HooksRunAfterTheCommitOnTheCallersThread) {
    std::vector<std::string> seen;
    db.transact(mine, [&](Transaction& tx) {
        insert(tx, "a");
        tx.afterCommit([&, caller = std::thread::id()]() mutable {
            caller = std::this_thread::get_id();
            seen.push_back(std::to_string(count(db, mine)));
        });
        tx.afterCommit([] { throw std::runtime_error("a broken hook"); });
        tx.afterCommit([&, thread = std::this_thread::get_id()] {
            (void)thread;
            seen.emplace_back("second");
        });
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"1", "second"}));
    EXPECT_NE(fixture.log.text().find("a broken hook"), std::string::npos);

    const auto here = std::this_thread::get_id();
    std::thread::id where;
    db.transact(mine, [&](Transaction& tx) {
        insert(tx, "b");
        tx.afterCommit([&] { where = std::this_thread::get_id(); });
    });
    EXPECT_EQ(where, here);

    bool ran = false;
    EXPECT_ANY_THROW(db.transact(mine, [&](Transaction& tx) {
        tx.afterCommit([&] { ran = true; });
        insert(tx, "b");
    }));
    EXPECT_FALSE(ran);
}

TEST_P(UnitOfWork, RefusesAUnitInsideAUnit) {
    EXPECT_EQ(errorOf([&] { db.transact(mine, [&](Transaction&) { count(db, mine); }); }).name(),
              "InternalError");
    EXPECT_EQ(errorOf([&] { db.read(mine, [&](Transaction&) { count(db, mine); }); }).name(),
              "InternalError");
    EXPECT_EQ(count(db, mine), 0);
}

TEST_P(UnitOfWork, RefusesNulAndWrongParameters) {
    EXPECT_EQ(errorOf([&] {
                  db.transact(mine, [&](Transaction& tx) { insert(tx, std::string("a\0b", 3)); });
              }).name(),
              "ValidationError");
    EXPECT_EQ(errorOf([&] { db.run(mine, {{"SELECT name FROM items WHERE name = $1"}}, false); }).name(),
              "InternalError");
    EXPECT_EQ(errorOf([&] { db.run(mine, {{"SELECT 1", {7}}}, false); }).name(), "InternalError");
    EXPECT_EQ(errorOf([&] { db.run(mine, {{"SELEC 1"}}, false); }).name(), "InternalError");
    EXPECT_EQ(count(db, mine), 0);
}

TEST_P(UnitOfWork, FailureTellsTheLogAndNotTheCaller) {
    const auto error = errorOf([&] { db.run(mine, {{"SELECT secret_column FROM items"}}, false); });
    EXPECT_EQ(std::string(error.what()).find("secret_column"), std::string::npos);
    EXPECT_NE(error.detail().find("secret_column"), std::string::npos);
}

TEST_P(UnitOfWork, SystemContextHasNoTenant) {
    EXPECT_EQ(
        errorOf([&] { db.read(SystemContext("test"), [](Transaction& tx) { (void)tx.tenant(); }); }).name(),
        "InternalError");
}

TEST_P(UnitOfWork, ManyThreadsLoseNothing) {
    constexpr int kThreads = 8;
    constexpr int kUnits = 40;
    db.transact(mine, [&](Transaction& tx) {
        tx.execute("INSERT INTO items (tenant_id, id, name, n) VALUES ($1, $2, 'counter', 1)",
                   {tx.tenant(), newId()});
    });
    std::atomic<int> failures{0};
    {
        std::latch start(kThreads);
        std::vector<std::jthread> threads;
        for (int t = 0; t < kThreads; ++t)
            threads.emplace_back([&, t] {
                start.arrive_and_wait();
                for (int i = 0; i < kUnits; ++i) {
                    try {
                        db.transact(mine, [&](Transaction& tx) {
                            tx.execute("UPDATE items SET n = n + 1 WHERE tenant_id = $1 AND name = 'counter'",
                                       {tx.tenant()});
                            insert(tx, std::to_string(t) + "-" + std::to_string(i));
                            if (i % 4 == 3)
                                throw std::runtime_error("given up");
                        });
                    } catch (const std::runtime_error& error) {
                        if (std::string(error.what()) != "given up")
                            ++failures;
                    }
                    if (i % 8 == 0)
                        count(db, mine);
                }
            });
    }
    EXPECT_EQ(failures, 0);
    constexpr int kept = kThreads * kUnits * 3 / 4;
    EXPECT_EQ(count(db, mine), kept + 1);
    EXPECT_EQ(db.run(mine, {{"SELECT n FROM items WHERE name = 'counter'"}}, false).at(0)[0].integer(0),
              kept + 1);
}

TEST_P(UnitOfWork, ExhaustedPoolFailsAfterTheDeadline) {
    const auto other = fixture.openAnother([](Options& options) {
        options.poolSize = 1;
        options.acquireDeadline = core::milliseconds(100);
    });
    std::latch busy(1);
    std::latch release(1);
    std::jthread holder([&] {
        other->read(mine, [&](Transaction& tx) {
            tx.query("SELECT 1");
            busy.count_down();
            release.wait();
        });
    });
    busy.wait();
    EXPECT_EQ(other->stats().busyConnections, 1U);
    const auto begun = std::chrono::steady_clock::now();
    const auto error = errorOf([&] { count(*other, mine); });
    EXPECT_EQ(error.name(), "DatabaseError");
    EXPECT_NE(std::string(error.what()).find("100ms"), std::string::npos) << error.what();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, core::milliseconds(100));
    release.count_down();
    holder.join();
    EXPECT_EQ(count(*other, mine), 0);
}

// ---- audit

class Audit : public UnitOfWork {
protected:
    Audit() {
        trail->pending = true;
        trail->entry.action = "test.done";
        db.setAuditWriter([this](Transaction& tx, const Uuid* tenant, const core::AuditEntry& entry) {
            ++written;
            EXPECT_EQ(*tenant, mine.tenant());
            if (failWriter)
                throw std::runtime_error("no audit");
            insert(tx, "audit " + entry.action);
        });
    }
    std::int64_t rows() {
        return db.run(mine, {{"SELECT count(*) FROM items WHERE name LIKE 'audit %'"}}, false)
            .at(0)[0]
            .integer(0);
    }
    std::shared_ptr<core::AuditTrail> trail = std::make_shared<core::AuditTrail>();
    TenantContext audited{mine.tenant(), trail};
    int written = 0;
    bool failWriter = false;
};
BOTH_DATABASES(Audit);

TEST_P(Audit, WrittenWithTheChangeAndOnce) {
    db.transact(audited, [&](Transaction& tx) { insert(tx, "a"); });
    EXPECT_TRUE(trail->written);
    EXPECT_FALSE(trail->pending);
    db.transact(audited, [&](Transaction& tx) { insert(tx, "b"); });
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(written, 1);
}

TEST_P(Audit, WrittenByRun) {
    db.run(audited,
           {{"SELECT 1"},
            {"INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, 'a')", {mine.tenant(), newId()}}},
           true);
    EXPECT_TRUE(trail->written);
    EXPECT_EQ(rows(), 1);
}

TEST_P(Audit, NotWrittenWithoutAChange) {
    db.transact(audited, [&](Transaction& tx) { tx.execute("DELETE FROM items WHERE name = 'none'"); });
    db.transact(audited, [&](Transaction&) {});
    db.read(audited, [&](Transaction& tx) { tx.query("SELECT 1"); });
    db.run(audited, {{"UPDATE items SET n = 1"}}, true);
    EXPECT_FALSE(trail->written);
    EXPECT_TRUE(trail->pending);
    EXPECT_EQ(written, 0);
}

TEST_P(Audit, StaysPendingWhenTheUnitFails) {
    EXPECT_ANY_THROW(db.transact(audited, [&](Transaction& tx) {
        insert(tx, "a");
        insert(tx, "a");
    }));
    EXPECT_FALSE(trail->written);
    EXPECT_TRUE(trail->pending);
    EXPECT_EQ(rows(), 0);
}

TEST_P(Audit, NoChangeWithoutItsEntry) {
    failWriter = true;
    EXPECT_THROW(db.transact(audited, [&](Transaction& tx) { insert(tx, "a"); }), std::runtime_error);
    EXPECT_EQ(count(db, mine), 0);
    EXPECT_FALSE(trail->written);
}

} // namespace test
