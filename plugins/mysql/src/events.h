#pragma once

#include <string>

#include "catalog.h"

namespace mysql {

/// Whether the dump program fails at the events of a database of this name: it looks for the name with its
/// quotes and backslashes escaped.
[[nodiscard]] bool hidesEvents(const std::string& database);

/// The events of the database as the end of a dump, with its last line; empty if there are none.
[[nodiscard]] std::string eventStatements(const Server& server, const Database& database);

} // namespace mysql
