#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "core/error.h"
#include "support/test_cluster.h"
#include "support/test_database.h"

namespace test {

using namespace core::testkit;
using namespace core::db;
using core::Error;
using core::SystemContext;
using core::TenantContext;
using core::Uuid;

inline Migration migration(int version, std::string description, std::string sql) {
    auto checksum = core::hexEncode(core::sha256(sql));
    return {version, std::move(description), std::move(sql), std::move(checksum)};
}

/// A tenant's table with one column of each kind, and a table that refers to it.
inline std::vector<ModuleMigrations> itemsSchema(Dialect dialect) {
    if (dialect == Dialect::sqlite)
        return {{"demo",
                 {migration(
                     1, "create items",
                     "CREATE TABLE items (tenant_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, "
                     "n BIGINT CONSTRAINT n_positive CHECK (n > 0), flag INTEGER, payload TEXT, raw BLOB, "
                     "ratio REAL, at_us BIGINT, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, name));"
                     "CREATE TABLE notes (tenant_id TEXT NOT NULL, id TEXT NOT NULL, item_id TEXT NOT NULL, "
                     "PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, item_id) REFERENCES items "
                     "(tenant_id, id));")}}};
    std::string sql =
        "CREATE TABLE items (tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL, "
        "n bigint CONSTRAINT n_positive CHECK (n > 0), flag boolean, payload jsonb, raw bytea, "
        "ratio double precision, at_us bigint, PRIMARY KEY (tenant_id, id), "
        "CONSTRAINT items_name_key UNIQUE (tenant_id, name));"
        "CREATE TABLE notes (tenant_id uuid NOT NULL, id uuid NOT NULL, item_id uuid NOT NULL, "
        "PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, item_id) REFERENCES items (tenant_id, id));";
    for (const std::string table : {"items", "notes"})
        sql += "ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY; ALTER TABLE " + table +
               " FORCE ROW LEVEL SECURITY; CREATE POLICY tenant ON " + table +
               " TO ae_app USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), "
               "'')::uuid)) "
               "WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), "
               "'')::uuid)); "
               "CREATE POLICY system ON " +
               table + " TO ae_system USING (true) WITH CHECK (true);";
    return {{"demo", {migration(1, "create items", sql)}}};
}

inline Uuid newId() {
    return Uuid::generate(core::SystemClock().now());
}

class BothDatabases : public testing::TestWithParam<Dialect> {
protected:
    static bool postgres() { return GetParam() == Dialect::postgresql; }
    /// From here on a row of the table whose column has that id cannot be erased; of one table at a time.
    static void damage(TestDatabase& fixture, const std::string& table, const std::string& column,
                       const Uuid& id) {
        const std::string which = "OLD." + column + " = '" + id.toString() + "'";
        if (postgres()) {
            // By the owner of the tables, which no role of the application is.
            TestCluster::instance().admin(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql "
                "AS $$ BEGIN RAISE EXCEPTION 'damaged'; END $$;"
                "DROP TRIGGER IF EXISTS refuse ON " +
                    table + ";CREATE TRIGGER refuse BEFORE DELETE ON " + table + " FOR EACH ROW WHEN (" +
                    which + ") EXECUTE FUNCTION refuse();",
                fixture.name());
            return;
        }
        fixture.db().transact(SystemContext("test"), [&](Transaction& tx) {
            tx.execute("DROP TRIGGER IF EXISTS refuse");
            tx.execute("CREATE TRIGGER refuse BEFORE DELETE ON " + table + " WHEN " + which +
                       " BEGIN SELECT RAISE(ABORT, 'damaged'); END");
        });
    }
    static void insert(Transaction& tx, const std::string& name, const Uuid& id = newId()) {
        tx.execute("INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, $3)", {tx.tenant(), id, name});
    }
    static std::int64_t count(Database& db, const TenantContext& context) {
        return db
            .run(context, {{"SELECT count(*) FROM items WHERE tenant_id = $1", {context.tenant()}}}, false)
            .at(0)[0]
            .integer(0);
    }
};

inline std::string dialectName(const testing::TestParamInfo<Dialect>& info) {
    return info.param == Dialect::sqlite ? "sqlite" : "postgresql";
}

#define BOTH_DATABASES(suite)                                                                                \
    INSTANTIATE_TEST_SUITE_P(Db, suite,                                                                      \
                             testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),      \
                             test::dialectName)

/// The error that the action throws; fails the test if it throws none or another kind.
template <typename F>
Error errorOf(F&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    } catch (const std::exception& other) {
        ADD_FAILURE() << "another exception: " << other.what();
        return Error(core::errors::kInternal, "another");
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(core::errors::kInternal, "nothing");
}

} // namespace test
