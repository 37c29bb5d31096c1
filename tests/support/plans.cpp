#include "support/plans.h"

#include <regex>

namespace test {

using core::db::Dialect;
using core::db::Transaction;

namespace {
/// Undoes the unit: a plan changes nothing.
struct Undo {};

/// SQLite names the alias.
std::string tableOf(const std::string& name, const std::string& sql) {
    const std::regex alias(R"(\b(\w+) (?:AS )?)" + name + R"(\b)");
    std::smatch table;
    for (auto at = sql.cbegin(); std::regex_search(at, sql.cend(), table, alias); at = table.suffix().first)
        if (table[1].str().find('_') != std::string::npos)
            return table[1].str();
    return name;
}

/// The name behind the word of a plan's line that says so, "" if the line does not.
std::string scanned(const std::string& line, Dialect dialect, const std::string& sql) {
    static const std::regex sqlite(R"(\bSCAN (?:TABLE )?(\w+)(.*))");
    static const std::regex postgres(R"(Seq Scan on (\w+))");
    std::smatch match;
    if (dialect == Dialect::postgresql)
        return std::regex_search(line, match, postgres) ? match[1].str() : "";
    // Everything of a tenant, filtered afterwards, is the tenant's whole history. A first page is not.
    static const std::regex tenantOnly(R"(\bSEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \(tenant_id=\?\))");
    if (std::regex_search(line, match, tenantOnly) && sql.find("$2") != std::string::npos)
        return tableOf(match[1].str(), sql);
    if (!std::regex_search(line, match, sqlite))
        return "";
    // A partial index that holds only what is wanted is read whole, and that is what it is for.
    static const std::regex partial(R"(USING (?:COVERING )?INDEX (\w+))");
    const std::string rest = match[2].str();
    std::smatch index;
    if (std::regex_search(rest, index, partial))
        return match[1].str() + " by " + index[1].str();
    return tableOf(match[1].str(), sql);
}
} // namespace

std::vector<std::string> scannedTables(core::db::Database& db, const core::db::Context& context,
                                       const std::string& sql, const core::db::Params& params,
                                       const std::set<std::string>& growing) {
    std::vector<std::string> found;
    try {
        db.transact(context, [&](Transaction& tx) {
            const std::string how =
                tx.dialect() == Dialect::postgresql ? "EXPLAIN (COSTS OFF) " : "EXPLAIN QUERY PLAN ";
            const std::size_t column = tx.dialect() == Dialect::postgresql ? 0 : 3;
            for (const auto& row : tx.query(how + sql, params)) {
                const auto name = scanned(row.text(column), tx.dialect(), sql);
                if (!name.empty() && growing.contains(name.substr(0, name.find(' '))))
                    found.push_back(name + ": " + row.text(column));
            }
            throw Undo();
        });
    } catch (const Undo&) {
    }
    return found;
}

} // namespace test
