#include <filesystem>
#include <latch>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "contract/db_fixture.h"

namespace test {

namespace {

class Postgres : public testing::Test {
protected:
    static void insert(Transaction& tx, const std::string& name) {
        tx.execute("INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, $3)",
                   {tx.tenant(), newId(), name});
    }
    std::int64_t count() { return db.run(mine, {{"SELECT count(*) FROM items"}}, false).at(0)[0].integer(0); }
    /// Ends every connection that the host has to this database, and waits until the server has done so.
    void killConnections() {
        auto& cluster = TestCluster::instance();
        const auto where =
            fmt::format("FROM pg_stat_activity WHERE datname = '{}' AND usename = 'ae_host'", fixture.name());
        // The server forgets a session before its process has closed the connection.
        std::istringstream pids(cluster.admin("SELECT string_agg(pid::text, ' ') " + where));
        cluster.admin("SELECT count(pg_terminate_backend(pid)) " + where);
        for (std::string pid; pids >> pid;)
            while (std::filesystem::exists("/proc/" + pid))
                std::this_thread::yield();
    }
    TestDatabase fixture{Dialect::postgresql, itemsSchema(Dialect::postgresql)};
    Database& db = fixture.db();
    TenantContext mine{newId()};
};

} // namespace

TEST_F(Postgres, IdleConnectionThatDiedIsReplaced) {
    EXPECT_EQ(count(), 0);
    killConnections();
    EXPECT_EQ(count(), 0);
    killConnections();
    db.transact(mine, [&](Transaction& tx) { insert(tx, "a"); });
    killConnections();
    db.run(mine, {{"UPDATE items SET n = 1"}}, true);
    EXPECT_EQ(db.stats().openConnections, 1U);
}

TEST_F(Postgres, ThePasswordOfTheUrlStandsBeforeTheEnvironments) {
    ::setenv("PGPASSWORD", "of-somebody-else", 1);
    auto options = fixture.options();
    options.url.insert(options.url.find('@'), ":of-the-url");
    const auto database = core::db::open(options, fixture.clock, fixture.log.logger());
    database->ping();
    // libpq would take the environment's before the file that the URL's is in.
    EXPECT_EQ(::getenv("PGPASSWORD"), nullptr);
}

TEST_F(Postgres, UnitWhoseConnectionDiesBeforeItsFirstStatementRunsAgain) {
    int calls = 0;
    db.transact(mine, [&](Transaction& tx) {
        if (++calls == 1)
            killConnections(); // lent, alive then, dead now
        insert(tx, "a");
    });
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(count(), 1);
    EXPECT_EQ(db.stats().retries, 1U);
}

TEST_F(Postgres, UnitWhoseConnectionDiesLaterFailsAndLeavesNothing) {
    int calls = 0;
    const auto error = errorOf([&] {
        db.transact(mine, [&](Transaction& tx) {
            ++calls;
            insert(tx, "a");
            killConnections();
            insert(tx, "b");
        });
    });
    EXPECT_EQ(error.name(), "DatabaseError");
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(count(), 0);
}

TEST_F(Postgres, LostCommitIsReportedAndNotRepeated) {
    int calls = 0;
    const auto error = errorOf([&] {
        db.transact(mine, [&](Transaction& tx) {
            ++calls;
            insert(tx, "a");
            killConnections(); // the next thing that is sent is COMMIT
        });
    });
    EXPECT_EQ(error.name(), "DatabaseError");
    EXPECT_NE(std::string(error.what()).find("is not known"), std::string::npos) << error.what();
    EXPECT_EQ(calls, 1);
}

TEST_F(Postgres, DeadlockIsResolvedByRunningAgain) {
    db.transact(mine, [&](Transaction& tx) {
        insert(tx, "a");
        insert(tx, "b");
    });
    std::latch both(2);
    std::atomic<int> runs{0};
    const auto change = [&](const char* first, const char* second) {
        bool met = false;
        db.transact(mine, [&](Transaction& tx) {
            ++runs;
            tx.execute("UPDATE items SET n = coalesce(n, 0) + 1 WHERE name = $1", {first});
            if (!met) {
                met = true;
                both.arrive_and_wait();
            }
            tx.execute("UPDATE items SET n = coalesce(n, 0) + 1 WHERE name = $1", {second});
        });
    };
    {
        std::jthread one([&] { change("a", "b"); });
        std::jthread two([&] { change("b", "a"); });
    }
    // The victim may be back, and a victim again, before the other one has woken.
    const auto retries = db.stats().retries;
    EXPECT_GE(retries, 1U);
    EXPECT_EQ(static_cast<std::uint64_t>(runs), 2 + retries);
    EXPECT_EQ(db.run(mine, {{"SELECT sum(n) FROM items"}}, false).at(0)[0].integer(0), 4);
}

TEST_F(Postgres, ConnectionsComeBackClean) {
    const auto other = fixture.openAnother([](Options& options) { options.poolSize = 1; });
    EXPECT_ANY_THROW(other->run(
        mine, {{"INSERT INTO items (tenant_id, id) VALUES ($1, $2)", {mine.tenant(), newId()}}}, true));
    EXPECT_ANY_THROW(other->transact(mine, [&](Transaction& tx) {
        tx.query("SELECT 1");
        throw std::runtime_error("given up");
    }));
    const auto row = other
                         ->run(SystemContext("test"),
                               {{"SELECT current_setting('app.current_tenant'), current_user::text, "
                                 "current_setting('TimeZone'), current_setting('statement_timeout'), "
                                 "current_setting('idle_in_transaction_session_timeout')"}},
                               false)
                         .at(0)[0];
    EXPECT_EQ(row.text(0), "");
    EXPECT_EQ(row.text(1), "ae_system");
    EXPECT_EQ(row.text(2), "UTC");
    EXPECT_EQ(row.text(3), "30s");
    EXPECT_EQ(row.text(4), "1min");
}

TEST_F(Postgres, EndsAStatementThatRunsTooLong) {
    const auto other =
        fixture.openAnother([](Options& options) { options.statementTimeout = core::milliseconds(100); });
    EXPECT_STREQ(errorOf([&] { other->run(mine, {{"SELECT pg_sleep(60)"}}, false); }).what(),
                 "A statement took too long and was ended");
    EXPECT_EQ(other->run(mine, {{"SELECT 1"}}, false).at(0)[0].integer(0), 1);
}

TEST_F(Postgres, ManyDifferentStatementsStayBounded) {
    const auto other = fixture.openAnother([](Options& options) { options.poolSize = 1; });
    for (int i = 0; i < 900; ++i)
        EXPECT_EQ(other->run(mine, {{"SELECT " + std::to_string(i)}}, false).at(0)[0].integer(0), i);
    const auto kept =
        other->run(mine, {{"SELECT count(*) FROM pg_prepared_statements"}}, false).at(0)[0].integer(0);
    EXPECT_LE(kept, 401);
    EXPECT_GE(kept, 390);
}

TEST_F(Postgres, LargeBatchesDoNotBlockEachOther) {
    const std::string large(200'000, 'x');
    std::vector<Statement> statements;
    for (int i = 0; i < 200; ++i)
        statements.push_back({"SELECT $1::text || $2::text", {large, i}});
    const auto results = db.run(mine, statements, false);
    ASSERT_EQ(results.size(), 200U);
    EXPECT_EQ(results.back()[0].text(0).size(), large.size() + 3);
}

TEST_F(Postgres, ChangeBelowASelectIsAudited) {
    auto trail = std::make_shared<core::AuditTrail>();
    trail->pending = true;
    int written = 0;
    db.setAuditWriter([&](Transaction&, const Uuid*, const core::AuditEntry&) { ++written; });
    db.run(TenantContext(mine.tenant(), trail),
           {{"WITH x AS (INSERT INTO items (tenant_id, id, name) VALUES ($1, $2, 'a') RETURNING id) SELECT "
             "id FROM x",
             {mine.tenant(), newId()}}},
           true);
    EXPECT_EQ(written, 1);
}

TEST_F(Postgres, RetriesDoNotRepeatHooks) {
    int calls = 0;
    int hooks = 0;
    db.transact(mine, [&](Transaction& tx) {
        tx.afterCommit([&] { ++hooks; });
        if (++calls == 1)
            killConnections();
        insert(tx, "a");
    });
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(hooks, 1);
}

TEST(PostgresOpen, PasswordsNeverShow) {
    auto& cluster = TestCluster::instance();
    const auto role = "pw_" + newId().toString().substr(24);
    const std::string password = "s3cr3t :\\'@/%?pw";
    const std::string encoded = "s3cr3t%20%3A%5C%27%40%2F%25%3Fpw";
    cluster.admin("CREATE ROLE " + role + " LOGIN CREATEROLE PASSWORD 's3cr3t :\\''@/%?pw'");
    TestLog log;
    const core::SystemClock clock;
    const auto socket = cluster.url("postgres").substr(cluster.url("postgres").find("?host="));
    const auto attempt = [&](const std::string& url) {
        return errorOf(
            [&] { open({.url = url, .connectTimeout = core::milliseconds(2000)}, clock, log.logger()); });
    };
    std::string said;
    for (const auto& url : {
             fmt::format("postgresql://{}:{}@127.0.0.1:1/postgres", role, encoded),
             fmt::format("postgresql://{}:{}@/no_such_database{}", role, encoded, socket),
             fmt::format("postgresql://{}:{}@/postgres{}&application_name=a%20b", role, encoded, socket),
             fmt::format("postgresql://{}:{}@[::1/postgres", role, encoded),
             fmt::format("postgresql://{}:{}@/postgres?nonsense=1&password={}", role, encoded, encoded),
         }) {
        const auto error = attempt(url);
        EXPECT_EQ(error.name(), "DatabaseError");
        said += std::string(error.what()) + "\n" + error.detail() + "\n";
    }
    const auto database = open({.url = fmt::format("postgresql://{}:{}@/postgres{}", role, encoded, socket)},
                               clock, log.logger());
    log.logger().info("a line", {{"error", "failed with " + password}});
    said += log.text();
    EXPECT_EQ(said.find("s3cr3t"), std::string::npos) << said;
    EXPECT_NE(said.find("Connection refused"), std::string::npos) << said;
    EXPECT_NE(said.find("no_such_database"), std::string::npos) << said;
    EXPECT_NE(said.find("application_name"), std::string::npos) << said;
    cluster.admin("DROP ROLE " + role);
}

TEST(PostgresOpen, PasswordIsUsed) {
    // The cluster trusts everybody on its socket, but not this role.
    auto& cluster = TestCluster::instance();
    const auto role = "scram_" + newId().toString().substr(24);
    cluster.admin("CREATE ROLE " + role + " LOGIN PASSWORD 'p :\\x'");
    const auto hba = cluster.admin("SELECT current_setting('hba_file')");
    cluster.admin(fmt::format(
        "COPY (SELECT 'local all {} scram-sha-256' UNION ALL SELECT 'local all all trust') TO '{}'", role,
        hba));
    cluster.admin("SELECT pg_reload_conf()");
    const auto socket = cluster.url("postgres").substr(cluster.url("postgres").find("?host="));
    TestLog log;
    const core::SystemClock clock;
    const auto url = [&](const std::string& pw) {
        return fmt::format("postgresql://{}:{}@/postgres{}", role, pw, socket);
    };
    while (cluster.admin("SELECT count(*) FROM pg_hba_file_rules") != "2")
        std::this_thread::yield();
    // The postmaster takes up the new file a moment later.
    std::string refused;
    for (int i = 0; i < 10000 && refused.empty(); ++i) {
        try {
            open({.url = url("wrong-one")}, clock, log.logger());
        } catch (const Error& error) {
            refused = error.what();
        }
    }
    EXPECT_NE(refused.find("password authentication failed"), std::string::npos) << refused;
    EXPECT_EQ(refused.find("wrong-one"), std::string::npos) << refused;
    const auto right = open({.url = url("p%20%3A%5Cx")}, clock, log.logger());
    EXPECT_EQ(right->stats().openConnections, 1U);
    cluster.admin("DROP ROLE " + role);
}

TEST(PostgresOpen, MasksUrls) {
    EXPECT_EQ(redactUrl("postgresql://u:pw@h:5432/d?x=1"), "postgresql://u:***@h:5432/d?x=1");
    EXPECT_EQ(redactUrl("postgresql://u:p@w@h/d"), "postgresql://u:***@h/d");
    EXPECT_EQ(redactUrl("postgresql://u@h/d?password=pw&x=1"), "postgresql://u@h/d?password=***&x=1");
    EXPECT_EQ(redactUrl("postgresql://u@h/d"), "postgresql://u@h/d");
    EXPECT_EQ(redactUrl("sqlite:/a/b.db"), "sqlite:/a/b.db");
}

} // namespace test
