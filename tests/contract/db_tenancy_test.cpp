#include "core/db/walls.h"

#include "contract/db_fixture.h"

namespace test {

class Tenancy : public BothDatabases {
protected:
    Tenancy() {
        db.transact(mine, [](Transaction& tx) { insert(tx, "mine"); });
        db.transact(theirs, [](Transaction& tx) { insert(tx, "theirs"); });
    }
    TestDatabase fixture{GetParam(), itemsSchema(GetParam())};
    Database& db = fixture.db();
    TenantContext mine{newId()};
    TenantContext theirs{newId()};
};
BOTH_DATABASES(Tenancy);

TEST_P(Tenancy, FirstWallKeepsTenantsApart) {
    const auto names = [&](const TenantContext& context) {
        return db.read(context, [](Transaction& tx) {
            return tx.query("SELECT name FROM items WHERE tenant_id = $1", {tx.tenant()});
        });
    };
    ASSERT_EQ(names(mine).size(), 1U);
    EXPECT_EQ(names(mine)[0].text(0), "mine");
    ASSERT_EQ(names(theirs).size(), 1U);
    EXPECT_EQ(names(theirs)[0].text(0), "theirs");
}

TEST_P(Tenancy, SystemSeesAll) {
    EXPECT_EQ(db.run(SystemContext("test"), {{"SELECT count(*) FROM items"}}, false).at(0)[0].integer(0), 2);
}

TEST_P(Tenancy, WallsHold) {
    EXPECT_EQ(checkWalls(db), std::vector<std::string>{});
}

/// PostgreSQL only: the same statements without the tenant's predicate, through the host's own pool and role.
class SecondWall : public Tenancy {};
INSTANTIATE_TEST_SUITE_P(Db, SecondWall, testing::Values(Dialect::postgresql), dialectName);

TEST_P(SecondWall, QueriesWithoutPredicateSeeOneTenant) {
    for (int i = 0; i < 8; ++i) {
        // Alternating on one connection and one statement text: a plan must not carry a tenant or role over.
        const auto& context = i % 2 == 0 ? mine : theirs;
        const auto rows = db.run(context, {{"SELECT name FROM items"}}, false).at(0);
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows[0].text(0), i % 2 == 0 ? "mine" : "theirs");
        EXPECT_EQ(db.run(SystemContext("test"), {{"SELECT name FROM items"}}, false).at(0).size(), 2U);
    }
}

TEST_P(SecondWall, ChangesWithoutPredicateTouchOneTenant) {
    db.transact(mine, [](Transaction& tx) {
        EXPECT_EQ(tx.execute("UPDATE items SET n = 5"), 1);
        EXPECT_EQ(tx.execute("DELETE FROM items"), 1);
    });
    EXPECT_EQ(count(db, theirs), 1);
}

TEST_P(SecondWall, RowsOfAnotherTenantCannotBeWritten) {
    EXPECT_EQ(errorOf([&] {
                  db.run(mine,
                         {{"INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, 'x')",
                           {theirs.tenant(), newId()}}},
                         true);
              }).name(),
              "InternalError");
    EXPECT_EQ(errorOf([&] {
                  db.run(mine, {{"UPDATE items SET tenant_id = $1", {theirs.tenant()}}}, true);
              }).name(),
              "InternalError");
}

TEST_P(SecondWall, UnknownTenantSeesNothing) {
    EXPECT_TRUE(db.run(TenantContext(Uuid()), {{"SELECT name FROM items"}}, false).at(0).empty());
}

TEST_P(SecondWall, RoleInEffectIsNotTheUrlsRole) {
    const auto role = [&](const Context& context) {
        return db.run(context, {{"SELECT current_user::text, session_user::text"}}, false).at(0)[0].text(0);
    };
    EXPECT_EQ(role(mine), "ae_app");
    EXPECT_EQ(role(SystemContext("test")), "ae_system");
    EXPECT_EQ(errorOf([&] {
                  db.run(mine, {{"INSERT INTO schema_migrations VALUES ('x', 1, '', '', 0)"}}, true);
              }).name(),
              "InternalError");
}

TEST_P(SecondWall, SuperuserUrlIsStillWalledIn) {
    const auto asSuperuser = fixture.openAnother(
        [&](Options& options) { options.url = TestCluster::instance().url(fixture.name(), "postgres"); });
    EXPECT_EQ(asSuperuser->run(mine, {{"SELECT name FROM items"}}, false).at(0).size(), 1U);
    EXPECT_TRUE(checkWalls(*asSuperuser).empty());
}

TEST_P(SecondWall, CheckReportsWhatDoesNotHold) {
    auto& cluster = TestCluster::instance();
    cluster.admin("CREATE TABLE bare (tenant_id uuid)", fixture.name());
    cluster.admin("ALTER TABLE notes NO FORCE ROW LEVEL SECURITY", fixture.name());
    std::string all;
    for (const auto& finding : checkWalls(db))
        all += finding + "\n";
    EXPECT_NE(all.find("Table bare has a tenant_id but no row security"), std::string::npos) << all;
    EXPECT_NE(all.find("Table bare has no policy for ae_app"), std::string::npos) << all;
    EXPECT_NE(all.find("Table notes does not force row security"), std::string::npos) << all;
    EXPECT_EQ(all.find("items"), std::string::npos) << all;
}

} // namespace test
