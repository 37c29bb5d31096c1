// What a host keeps: copied while it runs, and used by one host only.
#include <sys/stat.h>

#include "core/db/open.h"
#include "core/testing/test_log.h"
#include "integration/system/system_fixture.h"
#include "support/test_cluster.h"

namespace test {
namespace {

namespace fs = std::filesystem;

class StateTest : public SystemTest {
protected:
    static unsigned mode(const fs::path& path) {
        return static_cast<unsigned>(fs::status(path).permissions()) & 0777U;
    }
    /// A repository with its password, which only the right keys open again.
    void fill() {
        startBackend();
        repository(dir_ / "repository", "cellar");
    }
    core::ProcessResult copyTo(const fs::path& target) {
        return backend({"--json", "backup", target.string()});
    }
    void expectPrivate(const fs::path& folder) {
        EXPECT_EQ(mode(folder), 0700U);
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            EXPECT_EQ(mode(entry.path()), entry.is_directory() ? 0700U : 0600U) << entry.path();
    }
    /// Of the keys of a host that stands, each is missed by its file, and none is made.
    void expectLostKeysMissed() {
        for (const auto& [lost, named] :
             {std::pair{"keys/encryption-key", "keys/encryption-key is missing, and the key"},
              {"keys/jwt-secret", "keys/jwt-secret is missing, and this database is in use"},
              {"keys", "keys/encryption-key is missing, and the key"}}) {
            fs::rename(dir_ / "data" / lost, dir_ / "lost");
            const auto seen = backend({"doctor"});
            EXPECT_EQ(seen.exit.code, 1) << lost;
            EXPECT_NE(seen.output.find(named), std::string::npos) << seen.output;
            EXPECT_EQ(seen.output.find("does not open"), std::string::npos) << "a key that never was";
            auto spec = backendCommand({"--http-addr", "127.0.0.1:0", "serve"});
            EXPECT_EQ(runner_.run(spec).value().exit.code, 1) << lost;
            EXPECT_FALSE(fs::exists(dir_ / "data" / lost)) << "a new one would be the wrong one";
            fs::rename(dir_ / "lost", dir_ / "data" / lost);
        }
    }
    /// Serves from a copy and looks for what was there.
    void expectRestored(const fs::path& copy) {
        backend_.reset();
        fs::remove_all(dir_ / "data");
        fs::copy(copy, dir_ / "data", fs::copy_options::recursive);
        ASSERT_NO_FATAL_FAILURE(startBackend()); // signs in
        const auto repositories = get("/api/v1/restic/repositories");
        ASSERT_EQ(repositories.find("items")->array()->size(), 1U);
        EXPECT_EQ(repositories.find("items")->array()->front().stringOr("name"), "cellar");
        EXPECT_EQ(api().get("/health/ready", "").status, 200);
        EXPECT_EQ(backend({"doctor"}).exit.code, 0) << "its keys fit its vault";
    }
};

TEST_F(StateTest, ACopyOfARunningHostOnSqliteIsWhole) {
    fill();
    // Of what is committed most lies in the write-ahead log: the file alone would be an empty installation.
    ASSERT_GT(fs::file_size(dir_ / "data/ae-backend.db-wal"), 0U);
    const auto copied = copyTo(dir_ / "copy");
    ASSERT_EQ(copied.exit.code, 0) << copied.error;
    const auto said = core::json::parse(copied.output).value();
    EXPECT_EQ(said.stringOr("database"), "ae-backend.db");
    EXPECT_NE(copied.output.find("bootstrap.admin_password"), std::string::npos)
        << "what is not in it is said";
    expectPrivate(dir_ / "copy");
    EXPECT_TRUE(fs::exists(dir_ / "copy/keys/encryption-key"));
    for (const char* beside : {"ae-backend.db-wal", "ae-backend.db-shm", "ae-backend.db.lock"})
        EXPECT_FALSE(fs::exists(dir_ / "copy" / beside)) << beside;

    EXPECT_NE(copyTo(dir_ / "copy").error.find("exists already"), std::string::npos);
    EXPECT_NE(copyTo(dir_ / "data/copy").error.find("lies in the data folder"), std::string::npos);
    expectRestored(dir_ / "copy");
}

TEST_F(StateTest, ACopyOfPostgresqlCanBeRestored) {
    usePostgres();
    fill();
    const auto copied = copyTo(dir_ / "copy");
    ASSERT_EQ(copied.exit.code, 0) << copied.error;
    expectPrivate(dir_ / "copy");

    const auto& fresh = databases_.emplace_back(core::db::Dialect::postgresql);
    core::ProcessSpec restore;
    restore.program = "pg_restore";
    restore.arguments = {"--no-owner", "--exit-on-error", "--dbname=" + fresh.url(),
                         (dir_ / "copy/database.dump").string()};
    restore.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
    restore.standardError = core::ProcessOutput::capture();
    const auto restored = runner_.run(restore).value();
    ASSERT_TRUE(restored.exit.ok()) << restored.error;
    backend_.reset();
    useDatabase(fresh.url());
    expectRestored(dir_ / "copy");
}

TEST_F(StateTest, NothingToCopyIsSaid) {
    const auto nothing = copyTo(dir_ / "copy");
    EXPECT_EQ(nothing.exit.code, 1);
    const auto error = core::json::parse(nothing.error);
    ASSERT_TRUE(error) << nothing.error;
    EXPECT_NE(error.value().stringOr("message").find("no data folder"), std::string::npos) << nothing.error;
    EXPECT_FALSE(fs::exists(dir_ / "copy"));
}

TEST_F(StateTest, ASecondHostOnOneSqliteFileIsRefused) {
    startBackend();
    fs::create_directory_symlink(dir_ / "data", dir_ / "same");
    for (const char* folder : {"data", "same"}) {
        auto spec = backendCommand({"--http-addr", "127.0.0.1:0", "serve"});
        spec.arguments.at(3) = (dir_ / folder).string();
        const auto second = runner_.run(spec).value();
        EXPECT_EQ(second.exit.code, 1) << folder;
        EXPECT_NE(second.error.find("Another host (process " + std::to_string(backend_->pid()) + ")"),
                  std::string::npos)
            << second.error;
    }
    // What works beside a host goes on.
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"user", "list"}, {"token", "create", "--name", "x"}, {"migrate", "--dry-run"}, {"doctor"}})
        EXPECT_EQ(backend(command).exit.code, 0) << command[0];
    // The lock ends with its process, however that ends.
    killBackend();
    startBackend();
    EXPECT_EQ(get("/api/v1/auth/me").stringOr("email"), kAdminEmail);
}

TEST_F(StateTest, KeysThatAreGoneAreNotMadeAnew) {
    fill();
    stopBackend();
    expectLostKeysMissed();
    startBackend();
}

TEST_F(StateTest, KeysThatAreGoneAreNotMadeAnewOnPostgresql) {
    usePostgres();
    fill();
    stopBackend();
    expectLostKeysMissed();
    startBackend();
}

TEST_F(StateTest, ADatabaseOfSomethingElseIsLeftAlone) {
    fs::create_directories(dir_ / "data");
    core::SystemClock clock;
    TestLog quiet;
    const auto database =
        core::db::open({.url = "sqlite:" + (dir_ / "data/ae-backend.db").string()}, clock, quiet.logger());
    database->run(core::SystemContext("something else"), {{"CREATE TABLE tenants (flat TEXT)"}}, true);
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"migrate", "--dry-run"}, {"migrate"}, {"doctor"}, {"serve"}}) {
        const auto refused = backend(command);
        EXPECT_EQ(refused.exit.code, 1) << command[0];
        EXPECT_NE((refused.output + refused.error).find("table tenants"), std::string::npos)
            << refused.output << refused.error;
    }
    const auto left = database->run(core::SystemContext("something else"),
                                    {{"SELECT count(*) FROM sqlite_master WHERE type = 'table'"}}, false);
    EXPECT_EQ(left.at(0)[0].integer(0), 1);
}

} // namespace
} // namespace test
