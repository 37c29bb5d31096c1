#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/db/database.h"
#include "core/export.h"
#include "core/log.h"
#include "core/time.h"

namespace core::db {

/// How the host reaches its database.
struct Options {
    /// `sqlite:PATH` or `postgresql://user:password@host:port/database?parameters` (any libpq parameter; a
    /// socket folder as `?host=/run/postgresql`).
    std::string url;
    /// PostgreSQL: connections at most. SQLite: readers at most, beside the one writer.
    std::size_t poolSize = 10;
    /// How long a unit of work waits for its turn before it fails.
    milliseconds acquireDeadline{5000};
    /// How long one statement may run.
    milliseconds statementTimeout{30000};
    /// How long one attempt to connect may take; SQLite: how long it waits for another process's lock.
    milliseconds connectTimeout{5000};
    /// Units of work that take longer are logged.
    milliseconds slowUnit{1000};
};

/// Opens the database and proves that it answers. `clock` must outlive the result. Registers the URL's
/// password with the logger's hub, so that no line can contain it.
///
/// Throws core::Error(kDatabase) with a sentence about what to do: malformed URL, missing folder, file that
/// is no database, server that cannot be reached, password refused. No message contains the password.
CORE_EXPORT std::unique_ptr<Database> open(const Options& options, const Clock& clock, Logger logger);

/// The URL with the password masked: safe to show and to log.
CORE_EXPORT std::string redactUrl(std::string_view url);

} // namespace core::db
