#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server.h"

namespace mysql {

/// What a database holds, as far as a dump is concerned.
struct Database {
    std::string name;
    std::string charset;
    std::string collation;
    std::uint64_t bytes = 0;
    std::vector<std::string> tables = {};
    /// Tables that no transaction keeps still.
    std::vector<std::string> withoutTransactions = {};
    /// Tables that the server cannot open.
    std::vector<std::string> broken = {};
    /// Tables that keep their history, by time stamps; and those that do so by transactions.
    std::vector<std::string> versioned = {};
    std::vector<std::string> versionedByTransaction = {};
};

/// The databases of the server that this account sees.
[[nodiscard]] std::map<std::string, Database> databasesOf(const Server& server, const Settings& settings);

/// Whether there is something in the database that a restore would have to replace.
[[nodiscard]] bool holdsAnything(const Server& server, const std::string& database);

} // namespace mysql
