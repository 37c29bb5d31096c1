#include <latch>
#include <thread>

#include "contract/db_fixture.h"

namespace test {

class Migrate : public BothDatabases {
protected:
    static std::vector<ModuleMigrations> two() {
        return {{"alpha",
                 {migration(2, "add column", "ALTER TABLE a ADD COLUMN y INTEGER;"),
                  migration(1, "create a", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);")}},
                {"beta", {migration(1, "create b", "CREATE TABLE b (x INTEGER);")}}};
    }
    bool exists(const std::string& table) {
        const char* sql = postgres() ? "SELECT 1 FROM pg_tables WHERE tablename = $1"
                                     : "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1";
        return !db.read(anybody, [&](Transaction& tx) { return tx.query(sql, {table}); }).empty();
    }
    std::string refusal(const std::vector<ModuleMigrations>& modules) {
        const auto planned = errorOf([&] { planMigrations(db, modules); });
        const auto error = errorOf([&] { applyMigrations(db, modules); });
        EXPECT_EQ(error.name(), "MigrationRefused");
        EXPECT_STREQ(planned.what(), error.what());
        return error.what();
    }
    /// The roles exist on the cluster but possibly not yet for this database.
    void prepareRoles() { applyMigrations(db, {}); }

    TestDatabase fixture{GetParam()};
    Database& db = fixture.db();
    SystemContext anybody{"test"};
};
BOTH_DATABASES(Migrate);

TEST_P(Migrate, PlansThenAppliesInOrder) {
    const std::vector<MigrationStep> expected{
        {"alpha", 1, "create a"}, {"alpha", 2, "add column"}, {"beta", 1, "create b"}};
    EXPECT_EQ(planMigrations(db, two()), expected);
    EXPECT_TRUE(appliedMigrations(db).empty());
    std::vector<MigrationStep> seen;
    const auto before = core::SystemClock().now();
    EXPECT_EQ(applyMigrations(db, two(), [&](const MigrationStep& step) { seen.push_back(step); }), expected);
    EXPECT_EQ(seen, expected);
    const auto ledger = appliedMigrations(db);
    ASSERT_EQ(ledger.size(), 3U);
    EXPECT_EQ(ledger[1].module, "alpha");
    EXPECT_EQ(ledger[1].version, 2);
    EXPECT_EQ(ledger[1].description, "add column");
    EXPECT_EQ(ledger[1].checksum.size(), 64U);
    EXPECT_GE(ledger[1].appliedAt, before);
    EXPECT_TRUE(planMigrations(db, two()).empty());
    EXPECT_TRUE(applyMigrations(db, two()).empty());
    // The host's own roles may use what a migration made.
    EXPECT_EQ(db.run(anybody, {{"INSERT INTO a (x, y) VALUES (2, 3)"}, {"SELECT count(*) FROM a"}}, true)
                  .at(1)[0]
                  .integer(0),
              2);
}

TEST_P(Migrate, RefusesTablesOfSomethingElseAndLeavesThemAlone) {
    prepareRoles();
    // On PostgreSQL the host's roles may not make tables: somebody else did.
    const auto foreign = [&](const std::string& sql) {
        if (postgres())
            TestCluster::instance().admin(sql, fixture.name());
        else
            db.run(anybody, {{sql}}, true);
    };
    foreign("CREATE TABLE b (z INTEGER)");
    EXPECT_THAT(refusal(two()), testing::HasSubstr("holds a table b that is not of module beta"));
    EXPECT_FALSE(exists("a")) << "the modules before it were not begun";
    foreign("DROP TABLE b");
    EXPECT_EQ(applyMigrations(db, two()).size(), 3U);
}

TEST_P(Migrate, ContinuesWhereItStopped) {
    auto modules = two();
    const std::vector<ModuleMigrations> first{{"alpha", {modules[0].list[1]}}};
    applyMigrations(db, first);
    EXPECT_EQ(applyMigrations(db, modules),
              (std::vector<MigrationStep>{{"alpha", 2, "add column"}, {"beta", 1, "create b"}}));
}

TEST_P(Migrate, RefusesAChangedFile) {
    applyMigrations(db, two());
    auto changed = two();
    changed[0].list[1] = migration(1, "create a", "CREATE TABLE a (x BIGINT);");
    const auto message = refusal(changed);
    EXPECT_NE(message.find("V0001 (create a) of module alpha has changed"), std::string::npos) << message;
}

TEST_P(Migrate, RefusesANewerDatabase) {
    applyMigrations(db, two());
    auto older = two();
    older[0].list.erase(older[0].list.begin());
    const auto message = refusal(older);
    EXPECT_NE(message.find("The database is newer than this binary"), std::string::npos) << message;
    EXPECT_NE(message.find("V0002 (add column) of module alpha"), std::string::npos) << message;
    EXPECT_NE(message.find("up to V0001"), std::string::npos) << message;
}

TEST_P(Migrate, RefusesAGap) {
    auto modules = two();
    modules[0].list.push_back(migration(4, "later", "CREATE TABLE later (x INTEGER);"));
    applyMigrations(db, modules);
    modules[0].list.push_back(migration(3, "between", "CREATE TABLE between_ (x INTEGER);"));
    EXPECT_NE(refusal(modules).find("V0003 (between) of module alpha was never applied"), std::string::npos);
    modules[0].list.pop_back();
    modules[0].list.erase(modules[0].list.begin());
    EXPECT_NE(refusal(modules).find("V0002 (add column) of module alpha, which this binary does not have"),
              std::string::npos);
}

TEST_P(Migrate, LeavesOtherModulesAlone) {
    applyMigrations(db, two());
    EXPECT_TRUE(planMigrations(db, {two()[1]}).empty());
}

TEST_P(Migrate, FailureInTheMiddleLeavesNothingOfThatFile) {
    auto modules = two();
    modules[1].list.push_back(
        migration(2, "half", "CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1);"));
    modules[1].list.push_back(migration(3, "after", "CREATE TABLE after_ (x INTEGER);"));
    const auto error = errorOf([&] { applyMigrations(db, modules); });
    const std::string message = error.what();
    EXPECT_NE(message.find("V0002 (half) of module beta failed and nothing of it was applied"),
              std::string::npos)
        << message;
    EXPECT_NE(message.find("nowhere"), std::string::npos) << message;
    EXPECT_TRUE(exists("b"));
    EXPECT_FALSE(exists("half"));
    EXPECT_FALSE(exists("after_"));
    EXPECT_EQ(appliedMigrations(db).size(), 3U);
    modules[1].list[1] = migration(2, "half", "CREATE TABLE half (x INTEGER);");
    EXPECT_EQ(applyMigrations(db, modules).size(), 2U);
}

TEST_P(Migrate, RefusesAFileThatEndsItsTransaction) {
    const auto error = errorOf([&] {
        applyMigrations(db, {{"alpha", {migration(1, "sly", "CREATE TABLE sly (x INTEGER); COMMIT;")}}});
    });
    EXPECT_NE(std::string(error.what()).find("ends its transaction itself"), std::string::npos)
        << error.what();
    EXPECT_TRUE(appliedMigrations(db).empty());
}

TEST_P(Migrate, TwoRunnersRace) {
    auto modules = two();
    for (int i = 3; i <= 12; ++i)
        modules[0].list.push_back(migration(i, "step",
                                            "CREATE TABLE s" + std::to_string(i) +
                                                " (x INTEGER); "
                                                "INSERT INTO a (x) VALUES (" +
                                                std::to_string(i) + ");"));
    const auto other = fixture.openAnother();
    std::latch start(2);
    std::vector<MigrationStep> first;
    std::vector<MigrationStep> second;
    {
        std::jthread a([&] {
            start.arrive_and_wait();
            first = applyMigrations(db, modules);
        });
        std::jthread b([&] {
            start.arrive_and_wait();
            second = applyMigrations(*other, modules);
        });
    }
    EXPECT_EQ(first.size() + second.size(), 13U);
    EXPECT_EQ(appliedMigrations(db).size(), 13U);
    EXPECT_EQ(db.run(anybody, {{"SELECT count(*) FROM a"}}, false).at(0)[0].integer(0), 11);
}

TEST_P(Migrate, OpenStatementsMeetAMigration) {
    prepareRoles();
    applyMigrations(
        db, {{"alpha", {migration(1, "create", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);")}}});
    const auto other = fixture.openAnother();
    const auto width = [&] { return other->run(anybody, {{"SELECT * FROM a"}}, false).at(0)[0].size(); };
    EXPECT_EQ(width(), 1U);
    applyMigrations(db, {{"alpha",
                          {migration(1, "create", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"),
                           migration(2, "widen", "ALTER TABLE a ADD COLUMN y INTEGER;")}}});
    EXPECT_EQ(width(), 2U); // the prepared statement of the other host is stale and must be made again
}

class SqliteMigrate : public Migrate {};
INSTANTIATE_TEST_SUITE_P(Db, SqliteMigrate, testing::Values(Dialect::sqlite), dialectName);

TEST_P(SqliteMigrate, RebuildsATableThatOthersReferTo) {
    const auto first = migration(1, "tables",
                                 "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER "
                                 "REFERENCES p (id)); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);");
    const auto rebuild = migration(2, "rebuild",
                                   "CREATE TABLE q (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO q (id) "
                                   "SELECT id FROM p; DROP TABLE p; ALTER TABLE q RENAME TO p;");
    const auto broken = migration(3, "orphans", "DELETE FROM p;");
    applyMigrations(db, {{"m", {first, rebuild}}});
    const auto error = errorOf([&] { applyMigrations(db, {{"m", {first, rebuild, broken}}}); });
    EXPECT_NE(std::string(error.what()).find("leaves rows of table c"), std::string::npos) << error.what();
    EXPECT_THROW(db.run(anybody, {{"DELETE FROM p"}}, true), ConstraintViolation);
}

class PostgresMigrate : public Migrate {};
INSTANTIATE_TEST_SUITE_P(Db, PostgresMigrate, testing::Values(Dialect::postgresql), dialectName);

TEST_P(PostgresMigrate, ManyHostsPrepareOneServerAtOnce) {
    constexpr int kHosts = 6;
    std::vector<std::unique_ptr<TestDatabase>> hosts;
    for (int i = 0; i < kHosts; ++i)
        hosts.push_back(std::make_unique<TestDatabase>(Dialect::postgresql));
    std::latch start(kHosts);
    std::atomic<int> done{0};
    {
        std::vector<std::jthread> threads;
        for (auto& host : hosts)
            threads.emplace_back([&] {
                start.arrive_and_wait();
                done += static_cast<int>(applyMigrations(host->db(), two()).size());
            });
    }
    EXPECT_EQ(done, kHosts * 3);
}

TEST_P(PostgresMigrate, SaysWhichRightIsMissing) {
    auto& cluster = TestCluster::instance();
    const auto role = "weak_" + newId().toString().substr(24);
    cluster.admin("CREATE ROLE " + role + " LOGIN");
    const auto weak =
        fixture.openAnother([&](Options& options) { options.url = cluster.url(fixture.name(), role); });
    prepareRoles(); // by another role: they exist, but this one may not use them
    const auto grant = errorOf([&] { applyMigrations(*weak, two()); });
    EXPECT_EQ(grant.name(), "DatabaseError");
    EXPECT_NE(std::string(grant.what()).find("GRANT ae_app, ae_system TO " + role), std::string::npos)
        << grant.what();
    cluster.admin("GRANT ae_app, ae_system TO " + role);
    const auto create = errorOf([&] { applyMigrations(*weak, two()); });
    EXPECT_NE(std::string(create.what()).find("ON SCHEMA public TO " + role), std::string::npos)
        << create.what();
    const auto unit = errorOf([&] { weak->run(TenantContext(newId()), {{"SELECT * FROM nowhere"}}, false); });
    EXPECT_EQ(unit.name(), "InternalError");
    cluster.admin("REVOKE ae_app, ae_system FROM " + role);
    const auto stopped = errorOf([&] { weak->run(TenantContext(newId()), {{"SELECT 1"}}, false); });
    EXPECT_EQ(stopped.name(), "DatabaseError");
    EXPECT_NE(std::string(stopped.what()).find("GRANT ae_app, ae_system"), std::string::npos)
        << stopped.what();
    cluster.admin("DROP ROLE " + role);
}

TEST_P(PostgresMigrate, UrlRoleMayBeASuperuser) {
    const auto super = fixture.openAnother(
        [&](Options& options) { options.url = TestCluster::instance().url(fixture.name(), "postgres"); });
    EXPECT_EQ(applyMigrations(*super, itemsSchema(Dialect::postgresql)).size(), 1U);
    const TenantContext mine{newId()};
    super->transact(mine, [](Transaction& tx) { insert(tx, "a"); });
    EXPECT_EQ(super->run(TenantContext(newId()), {{"SELECT name FROM items"}}, false).at(0).size(), 0U);
}

} // namespace test
