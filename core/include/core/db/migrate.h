#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/error.h"
#include "core/export.h"
#include "core/time.h"

namespace core::db {

inline constexpr ErrorKind kMigrationRefused{"MigrationRefused", 500,
                                             "The database's schema does not fit this binary",
                                             "Do what the message says, then start again"};

/// The migrations of one module, in any order. Modules are given in the order of their dependencies.
struct ModuleMigrations {
    std::string module;
    std::vector<Migration> list;
};

/// The tables that the host itself keeps (module `core` in the ledger): applied before those of any module.
CORE_EXPORT ModuleMigrations coreMigrations(Dialect dialect);

/// One migration that waits to be applied.
struct MigrationStep {
    std::string module;
    int version = 0;
    std::string description;
    bool operator==(const MigrationStep&) const = default;
};

/// One row of the ledger `schema_migrations`.
struct AppliedMigration {
    std::string module;
    int version = 0;
    std::string description;
    std::string checksum;
    Instant appliedAt;
};

/// What the ledger holds, by module and version; empty for a new database.
CORE_EXPORT std::vector<AppliedMigration> appliedMigrations(Database& database);

/// What applyMigrations() would do, in order. Changes nothing. Throws core::Error(kMigrationRefused), naming
/// module and version, when the file of an applied migration has changed, when the database is newer than
/// this binary, or when a version is missing below an applied one. Modules that are in the ledger but not in
/// `modules` are left alone.
CORE_EXPORT std::vector<MigrationStep> planMigrations(Database& database,
                                                      const std::vector<ModuleMigrations>& modules);

/// Applies what planMigrations() lists, each file in one transaction with its ledger row, under a lock that
/// keeps other hosts out: of two hosts one does the work and the other finds it done. A migration that fails
/// leaves nothing; those before it stay. `progress` is called after each step, on this thread.
///
/// PostgreSQL: runs as the URL's role and first creates the roles ae_app and ae_system and their rights.
/// Throws core::Error(kDatabase) that says which right is missing and how to give it. Returns what this call
/// applied.
CORE_EXPORT std::vector<MigrationStep>
applyMigrations(Database& database, const std::vector<ModuleMigrations>& modules,
                const std::function<void(const MigrationStep&)>& progress = {});

} // namespace core::db
