#pragma once

#include <set>
#include <string>
#include <vector>

#include "server.h"

namespace mysql {

/// Accounts of the server, as user@host; roles of MariaDB by their name. Failure if they cannot be read.
[[nodiscard]] std::set<std::string> accountsOf(const Server& server);
/// The same, empty where this account may not read them.
[[nodiscard]] std::set<std::string> accountsIfReadable(const Server& server);

/// Accounts and grants as SQL statements, asked one by one: for servers whose dump program has no way to.
/// `warnings`: accounts that the server does not tell.
[[nodiscard]] std::string accountStatements(const Step& step, const Server& server,
                                            std::vector<std::string>& warnings);

/// Creates the accounts of a dump that do not exist on the server, with what was granted to them, and leaves
/// the others as they are.
struct RestoredAccounts {
    std::vector<std::string> created;
    std::vector<std::string> left;
};
RestoredAccounts restoreAccounts(const Step& step, const Server& server, const std::string& file);

} // namespace mysql
