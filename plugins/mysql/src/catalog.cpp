#include "catalog.h"

#include <cstdlib>
#include <set>

#include "sql_text.h"

namespace mysql {
namespace {
bool isExcluded(const Settings& settings, const std::string& database, const std::string& table) {
    for (const auto& one : settings.excludedTables)
        if (one == database + "." + table)
            return true;
    return false;
}
} // namespace

std::map<std::string, Database> databasesOf(const Server& server, const Settings& settings) {
    std::map<std::string, Database> out;
    // Names are compared here: the server's collations take different names for the same.
    for (const auto& row :
         server.query("SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME "
                      "FROM information_schema.SCHEMATA;"))
        if (row.size() >= 3)
            out[row[0]] = {.name = row[0], .charset = row[1], .collation = row[2]};
    std::set<std::string> transactional;
    for (const auto& row :
         server.query("SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS='YES';"))
        transactional.insert(row[0]);
    std::set<std::string> byTransaction;
    if (server.mariadb() && server.number() >= 100300)
        for (const auto& row :
             server.query("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.COLUMNS "
                          "WHERE GENERATION_EXPRESSION='ROW START' AND DATA_TYPE='bigint';"))
            byTransaction.insert(row[0] + "." + row[1]);
    for (const auto& row :
         server.query("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE,''), "
                      "COALESCE(DATA_LENGTH,0)+COALESCE(INDEX_LENGTH,0) FROM information_schema.TABLES "
                      "WHERE TABLE_TYPE<>'SYSTEM VIEW';")) {
        const auto found = row.size() >= 5 ? out.find(row[0]) : out.end();
        if (found == out.end() || isExcluded(settings, row[0], row[1]))
            continue;
        auto& database = found->second;
        database.bytes += std::strtoull(row[4].c_str(), nullptr, 10);
        if (row[2] == "VIEW" || row[2] == "SEQUENCE")
            continue;
        database.tables.push_back(row[1]);
        if (row[3].empty())
            database.broken.push_back(row[1]);
        else if (!transactional.contains(row[3]))
            database.withoutTransactions.push_back(row[1]);
        if (row[2] == "SYSTEM VERSIONED")
            (byTransaction.contains(row[0] + "." + row[1]) ? database.versionedByTransaction
                                                           : database.versioned)
                .push_back(row[1]);
    }
    return out;
}

bool holdsAnything(const Server& server, const std::string& database) {
    const auto name = textLiteral(database);
    const auto count = [&](const char* table, const char* column) {
        return "(SELECT COUNT(*) FROM information_schema." + std::string(table) + " WHERE BINARY " + column +
               "=BINARY " + name + ")";
    };
    const auto rows =
        server.query("SELECT " + count("TABLES", "TABLE_SCHEMA") + "+" + count("ROUTINES", "ROUTINE_SCHEMA") +
                     "+" + count("EVENTS", "EVENT_SCHEMA") + ";");
    return !rows.empty() && rows[0][0] != "0";
}

} // namespace mysql
