#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/db/database.h"

namespace test {

/// Tables that a statement reads from end to end, by the database's own plan, judged as the application's
/// role. `growing`: the tables that matter.
std::vector<std::string> scannedTables(core::db::Database& db, const core::db::Context& context,
                                       const std::string& sql, const core::db::Params& params,
                                       const std::set<std::string>& growing);

} // namespace test
