#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/export.h"

namespace core::db {

/// What is wrong with the second wall between tenants, one sentence each; empty when it holds. PostgreSQL:
/// the role in effect must not be a superuser or bypass row security, must not reach the system role, and
/// every table with a tenant_id must force row security and have a policy. SQLite has no second wall: always
/// empty.
CORE_EXPORT std::vector<std::string> checkWalls(Database& database);

} // namespace core::db
