#include "core/db/open.h"

#include <cstdlib>

#include "db/postgres_database.h"
#include "db/sqlite_database.h"
#include "db/url.h"

namespace core::db {

std::unique_ptr<Database> open(const Options& options, const Clock& clock, Logger logger) {
    auto location = parseUrl(options.url, options.connectTimeout);
    if (location.dialect == Dialect::sqlite)
        return std::make_unique<SqliteDatabase>(location.path, options, clock, std::move(logger));
    if (!location.password.empty()) {
        // For libpq it stands before the file that the password is given in, and so before the URL. Nothing
        // else runs yet that reads the environment.
        ::unsetenv("PGPASSWORD"); // NOLINT(concurrency-mt-unsafe)
        logger.hub().addSecret(location.password);
    }
    return std::make_unique<PostgresDatabase>(std::move(location), options, clock, std::move(logger));
}

} // namespace core::db
