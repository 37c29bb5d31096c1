#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server.h"

namespace mysql {

/// What an account may do, read from SHOW GRANTS.
class Grants {
public:
    /// `lines`: as the server writes them.
    explicit Grants(const std::vector<std::string>& lines);
    static Grants of(const Server& server);

    [[nodiscard]] bool everywhere(std::string_view privilege) const;
    /// Whether the server lists every database to the account, also those that it may do nothing with.
    [[nodiscard]] bool seesEveryDatabase() const;
    [[nodiscard]] bool onDatabase(const std::string& database, std::string_view privilege) const;
    [[nodiscard]] bool onTable(const std::string& database, const std::string& table,
                               std::string_view privilege) const;

private:
    struct Grant {
        std::set<std::string, std::less<>> privileges;
        std::string database; // a pattern; empty: everywhere
        std::string table;    // empty: all
    };
    [[nodiscard]] static bool has(const Grant& grant, std::string_view privilege);
    std::vector<Grant> grants_;
};

/// A privilege that is missing.
struct MissingGrant {
    std::string message;
    /// What an administrator executes.
    std::string statement;
};

/// What is missing to tell which databases there are.
[[nodiscard]] std::vector<MissingGrant> missingForCatalog(const Server& server, const Grants& grants);
/// What is missing for a dump of a database.
[[nodiscard]] std::vector<MissingGrant> missingFor(const Server& server, const Grants& grants,
                                                   const std::string& database, bool lockTables);
/// What is missing to tell the binary log's position.
[[nodiscard]] std::vector<MissingGrant> missingForBinlog(const Server& server, const Grants& grants);
/// What is missing for a dump of accounts.
[[nodiscard]] std::vector<MissingGrant> missingForAccounts(const Server& server, const Grants& grants);

} // namespace mysql
