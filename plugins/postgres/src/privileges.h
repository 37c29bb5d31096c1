#pragma once

#include <string>
#include <vector>

#include "server.h"

namespace postgres {

/// What would stop pg_dump in one database, and the statements that allow it.
struct MissingRight {
    std::string message;
    std::string statement;
};
/// Looks at tables, sequences, schemas, row security and large objects. Throws Failure.
[[nodiscard]] std::vector<MissingRight> missingRights(const Server& server, const std::string& database);

} // namespace postgres
