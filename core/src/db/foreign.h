#pragma once

#include <vector>

#include "core/db/migrate.h"
#include "core/export.h"

namespace core::db {

/// Throws core::Error(kMigrationRefused) if the database holds tables that these migrations would create and
/// did not: then it is something else's, and nothing may be changed in it.
CORE_EXPORT void refuseForeignDatabase(Database& database, const std::vector<ModuleMigrations>& modules);

} // namespace core::db
