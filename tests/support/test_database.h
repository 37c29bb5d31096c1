#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/db/migrate.h"
#include "core/db/open.h"
#include "core/testing/temp_dir.h"
#include "core/testing/test_log.h"

namespace test {

class TestCluster;

/// A fresh database for one test, with the given migrations applied; PostgreSQL clones a template that the
/// first test with the same migrations made. The host's role there is no superuser.
class TestDatabase {
public:
    explicit TestDatabase(core::db::Dialect dialect,
                          const std::vector<core::db::ModuleMigrations>& migrations = {},
                          const std::function<void(core::db::Options&)>& adjust = {});
    /// An empty one in a cluster of the test's own.
    explicit TestDatabase(TestCluster& cluster);
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    [[nodiscard]] core::db::Database& db() const { return *database_; }
    [[nodiscard]] const std::string& url() const noexcept { return options_.url; }
    [[nodiscard]] const core::db::Options& options() const noexcept { return options_; }
    /// PostgreSQL: the database's name, for TestCluster::admin().
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// A second host on the same database.
    [[nodiscard]] std::unique_ptr<core::db::Database>
    openAnother(const std::function<void(core::db::Options&)>& adjust = {});
    core::testkit::TestLog log;
    core::SystemClock clock;

private:
    core::testkit::TempDir dir_;
    TestCluster* cluster_ = nullptr; ///< null: SQLite
    std::string name_;
    core::db::Options options_;
    std::unique_ptr<core::db::Database> database_;
};

} // namespace test
