#pragma once

#include <string>
#include <vector>

#include "catalog.h"

namespace mysql {

/// The item of accounts and grants; the second where a database has the name of the first.
inline constexpr const char* kUsers = "users";
inline constexpr const char* kUsersBesideDatabase = "accounts and grants";

/// Whether an item, as probe() answered it, is that of accounts.
inline bool isUsers(const Json& item) {
    return item.value("content", std::string("database")) == "users";
}

/// What makes a dump of this database less than it looks.
[[nodiscard]] std::vector<std::string> warningsOf(const Database& database, const Settings& settings);

} // namespace mysql
