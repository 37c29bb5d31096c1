#pragma once

#include <memory>
#include <vector>

#include "core/db/migrate.h"
#include "core/db/open.h"
#include "core/log.h"
#include "core/testing/temp_dir.h"
#include "core/time.h"

namespace core::testkit {

/// A real SQLite database of its own, with the given migrations applied; gone with the object.
class TemporaryDatabase {
public:
    explicit TemporaryDatabase(Logger log, const std::vector<db::ModuleMigrations>& migrations = {}) {
        db::Options options;
        options.url = "sqlite:" + (dir_ / "test.db").string();
        database_ = db::open(options, clock_, std::move(log));
        if (!migrations.empty())
            db::applyMigrations(*database_, migrations);
    }
    [[nodiscard]] db::Database& db() const noexcept { return *database_; }

private:
    TempDir dir_;
    SystemClock clock_;
    std::unique_ptr<db::Database> database_;
};

} // namespace core::testkit
