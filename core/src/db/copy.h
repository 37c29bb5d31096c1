#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/export.h"
#include "core/process.h"

namespace core::db {

/// Copies the whole database as it is at one moment, while hosts go on using it, into a folder: SQLite as
/// `ae-backend.db`, by SQLite's own backup; PostgreSQL as `database.dump`, by pg_dump, which `runner` starts
/// with what `environment` says of PATH, HOME and PG…. Returns the file's name. Throws core::Error with a
/// sentence; then the file is not there or not whole.
CORE_EXPORT std::string copyDatabase(const std::string& url, const std::filesystem::path& folder,
                                     const std::map<std::string, std::string>& environment,
                                     ProcessRunner& runner);

} // namespace core::db
