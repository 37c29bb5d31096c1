#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/db/migrate.h"
#include "core/db/open.h"
#include "core/log.h"
#include "core/process.h"
#include "core/testing/temp_dir.h"
#include "core/time.h"
#include "core/uuid.h"

namespace core::testkit {

/// A schema of its own in a PostgreSQL database, made and dropped by the program psql.
class TemporarySchema {
public:
    /// `url` names a database whose schemas its role may make. Throws std::runtime_error with psql's words.
    explicit TemporarySchema(std::string url) : server_(std::move(url)) {
        auto id = Uuid::generate(SystemClock().now()).toString();
        id.erase(std::remove(id.begin(), id.end(), '-'), id.end());
        name_ = "ae_test_" + id;
        tell("CREATE SCHEMA " + name_);
    }
    ~TemporarySchema() {
        try {
            tell("SET client_min_messages = warning; DROP SCHEMA " + name_ + " CASCADE");
        } catch (const std::exception& error) {
            std::fprintf(stderr, "the schema %s stays: %s\n", name_.c_str(), error.what());
        }
    }
    TemporarySchema(const TemporarySchema&) = delete;
    TemporarySchema& operator=(const TemporarySchema&) = delete;
    /// Of the same database; everything is made and found in the schema.
    [[nodiscard]] std::string url() const {
        return server_ + (server_.find('?') == std::string::npos ? '?' : '&') + "options=-csearch_path%3D" +
               name_;
    }

private:
    void tell(const std::string& sql) const {
        ProcessSpec spec;
        spec.program = "psql";
        auto url = server_;
        // Arguments can be read by everybody on the machine.
        const auto begin = url.find("://") + 3;
        const auto at = url.rfind('@', std::min(url.find_first_of("/?", begin), url.size()));
        if (const auto colon = url.find(':', begin); at != std::string::npos && at > begin && colon < at) {
            std::string password;
            for (std::size_t i = colon + 1; i < at; ++i)
                if (url[i] == '%' && i + 2 < at) {
                    password += static_cast<char>(std::stoi(url.substr(i + 1, 2), nullptr, 16));
                    i += 2;
                } else {
                    password += url[i];
                }
            spec.environment["PGPASSWORD"] = std::move(password);
            url.erase(colon, at - colon);
        }
        for (const char* name : {"PATH", "HOME", "PGPASSWORD", "PGPASSFILE", "PGSSLROOTCERT"})
            if (const char* value = std::getenv(name)) // NOLINT(concurrency-mt-unsafe)
                spec.environment.emplace(name, value);
        spec.arguments = {"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command=" + sql, url};
        spec.standardError = ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(30);
        SystemProcessRunner runner;
        const auto result = runner.run(spec);
        if (!result)
            throw std::runtime_error(result.error().what());
        if (!result.value().exit.ok())
            throw std::runtime_error("psql: " + result.value().error);
    }

    std::string server_;
    std::string name_;
};

/// A real database of its own, with the given migrations applied; gone with the object: a SQLite file, or,
/// with the URL of a PostgreSQL database, a schema in it.
class TemporaryDatabase {
public:
    explicit TemporaryDatabase(Logger log, const std::vector<db::ModuleMigrations>& migrations = {},
                               const std::string& postgresql = {}) {
        db::Options options;
        options.url = "sqlite:" + (dir_ / "test.db").string();
        if (!postgresql.empty()) {
            schema_ = std::make_unique<TemporarySchema>(postgresql);
            options.url = schema_->url();
        }
        database_ = db::open(options, clock_, std::move(log));
        if (!migrations.empty())
            db::applyMigrations(*database_, migrations);
    }
    [[nodiscard]] db::Database& db() const noexcept { return *database_; }

private:
    TempDir dir_;
    SystemClock clock_;
    std::unique_ptr<TemporarySchema> schema_;
    std::unique_ptr<db::Database> database_;
};

} // namespace core::testkit
