#include "core/db/migrate.h"
#include "core/db/open.h"
#include "integration/system/system_fixture.h"
#include "support/schema_dump.h"
#include "support/test_cluster.h"

namespace test {
namespace {

/// `ae-backend migrate` as a process that can be killed, on both databases.
class MigrateCommand : public SystemTest, public testing::WithParamInterface<core::db::Dialect> {
protected:
    static bool postgres() { return GetParam() == core::db::Dialect::postgresql; }

    /// An empty database and a data folder of its own.
    struct Place {
        std::unique_ptr<TestDatabase> server;
        std::filesystem::path data;
        std::string url;
    };
    Place place(const std::string& name) {
        Place made;
        made.data = dir_ / name;
        std::filesystem::create_directories(made.data);
        if (postgres()) {
            made.server = std::make_unique<TestDatabase>(GetParam());
            made.url = made.server->url();
        } else {
            made.url = "sqlite:" + (made.data / "ae-backend.db").string();
        }
        return made;
    }
    std::unique_ptr<core::Process> migrate(const Place& place) {
        auto spec = backendCommand({});
        spec.arguments = {"--data-dir", place.data.string(), "migrate"};
        spec.environment["AE_DATABASE_URL"] = place.url;
        spec.standardOutput = spec.standardError = core::ProcessOutput::toFile(place.data / "migrate.log");
        return std::move(runner_.start(spec)).value();
    }
    std::unique_ptr<core::db::Database> open(const Place& place) {
        core::db::Options options;
        options.url = place.url;
        return core::db::open(options, clock_, log_.logger());
    }

    core::SystemClock clock_;
    TestLog log_;
};
INSTANTIATE_TEST_SUITE_P(Db, MigrateCommand,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == core::db::Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(MigrateCommand, TwoAtOnceDoItOnce) {
    const auto reference = place("reference");
    ASSERT_TRUE(migrate(reference)->wait(30s)->ok());
    const auto expected = schemaOf(*open(reference));
    const auto steps = core::db::appliedMigrations(*open(reference)).size();

    for (int round = 0; round < 5; ++round) {
        const auto shared = place("shared" + std::to_string(round));
        const auto a = migrate(shared), b = migrate(shared);
        const auto first = a->wait(30s), second = b->wait(30s);
        ASSERT_TRUE(first && first->ok()) << round << readFile(shared.data / "migrate.log");
        ASSERT_TRUE(second && second->ok()) << round << readFile(shared.data / "migrate.log");
        const auto database = open(shared);
        EXPECT_EQ(schemaOf(*database), expected);
        EXPECT_EQ(core::db::appliedMigrations(*database).size(), steps);
    }
}

TEST_P(MigrateCommand, AKillAtAnyPointLeavesWholeStepsAndTheNextRunGoesOn) {
    const auto reference = place("reference");
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(migrate(reference)->wait(30s)->ok());
    const auto whole = std::chrono::steady_clock::now() - began;
    const auto expected = schemaOf(*open(reference));
    const auto all = core::db::appliedMigrations(*open(reference));

    int killed = 0;
    constexpr int kPoints = 24;
    for (int point = 1; point <= kPoints; ++point) {
        SCOPED_TRACE(point);
        const auto victim = place("victim" + std::to_string(point));
        {
            const auto process = migrate(victim);
            const auto ended =
                process->wait(std::chrono::duration_cast<std::chrono::milliseconds>(whole * point / kPoints));
            if (!ended) {
                process->signal(SIGKILL);
                ASSERT_TRUE(process->wait(10s));
                ++killed;
            }
        }
        {
            const auto database = open(victim);
            const auto ledger = core::db::appliedMigrations(*database);
            // No table without its line in the ledger.
            const bool base = std::any_of(ledger.begin(), ledger.end(),
                                          [](const auto& step) { return step.module == "base"; });
            for (const auto& line : schemaOf(*database))
                EXPECT_TRUE(base || line.find("audit_log") == std::string::npos) << line;
        }
        ASSERT_TRUE(migrate(victim)->wait(30s)->ok());
        EXPECT_EQ(schemaOf(*open(victim)), expected);
        EXPECT_EQ(core::db::appliedMigrations(*open(victim)).size(), all.size());
    }
    EXPECT_GE(killed, 3);
}

/// Where another session can hold a step open: it waits with its tables made and its line not yet written.
struct Ending {
    const char* name;
    const char* command;
    int signal;
};
class MigrateOnPostgres : public SystemTest, public testing::WithParamInterface<Ending> {};
INSTANTIATE_TEST_SUITE_P(By, MigrateOnPostgres,
                         testing::Values(Ending{"migrate_killed", "migrate", SIGKILL},
                                         Ending{"migrate_terminated", "migrate", SIGTERM},
                                         Ending{"migrate_interrupted", "migrate", SIGINT},
                                         Ending{"serve_terminated", "serve", SIGTERM}),
                         [](const auto& chosen) { return chosen.param.name; });

TEST_P(MigrateOnPostgres, AnEndInTheMiddleOfAStepLeavesNothingOfIt) {
    const auto& server = usePostgres();
    core::db::applyMigrations(server.db(), {}); // the ledger
    const auto& cluster = TestCluster::instance();
    const auto sessions = [&](const std::string& condition) {
        return cluster.admin("SELECT count(*) FROM pg_stat_activity WHERE datname = '" + server.name() +
                             "' AND " + condition);
    };
    std::jthread holder([&] {
        try {
            cluster.admin("BEGIN; LOCK TABLE schema_migrations IN SHARE MODE; SELECT pg_sleep(120); COMMIT",
                          server.name());
        } catch (const std::runtime_error&) { // ended below
        }
    });
    ASSERT_TRUE(await([&] { return sessions("query LIKE '%pg_sleep%'") == "1"; }));

    const auto process = std::move(runner_.start(backendCommand({GetParam().command}))).value();
    ASSERT_TRUE(await([&] { return sessions("wait_event_type = 'Lock'") == "1"; }));
    process->signal(GetParam().signal);
    const auto exit = process->wait(10s);
    ASSERT_TRUE(exit) << "the step is waited for";
    EXPECT_EQ(exit->signal, GetParam().signal);
    cluster.admin(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' "
        "AND pid <> pg_backend_pid() AND datname = '" +
        server.name() + "'");
    holder.join();

    ASSERT_TRUE(await([&] { return sessions("wait_event_type = 'Lock'") == "0"; }));
    EXPECT_EQ(cluster.admin("SELECT count(*) FROM schema_migrations", server.name()), "0");
    EXPECT_EQ(cluster.admin("SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'",
                            server.name()),
              "schema_migrations");
    const auto again = backend({"migrate"});
    EXPECT_TRUE(again.exit.ok()) << again.error;
    EXPECT_NE(cluster.admin("SELECT count(*) FROM schema_migrations", server.name()), "0");
}

} // namespace
} // namespace test
