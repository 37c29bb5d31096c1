#pragma once

#include <string>
#include <vector>

#include "server.h"

namespace postgres {

/// A database as the server's catalog has it.
struct Database {
    std::string name;
    bool accepts = false; ///< connections
    bool isTemplate = false;
    bool mayConnect = false; ///< the role of the settings
    std::uint64_t bytes = 0;
    std::string owner;
    std::string encoding;
    std::string collate;
    std::string ctype;
    std::string provider; ///< "libc", "icu", "builtin"
    std::string locale;   ///< of a provider other than libc
};

/// Under this name a database is restored, before it gets its own.
inline constexpr const char* kTemporary = "restic_agent_restore_";

[[nodiscard]] std::vector<Database> databasesOf(const Server& server);
/// WITH … of a CREATE DATABASE like the item that a probe answered; empty if it does not say.
[[nodiscard]] std::string optionsFrom(const agent::plugin::Json& item);

} // namespace postgres
