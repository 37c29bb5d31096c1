#include "support/plans.h"

#include <algorithm>
#include <regex>

#include <gtest/gtest.h>

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
    // Everything of a tenant, filtered afterwards, is the tenant's whole history. A first page is not. So is
    // all that is in one state where an agent's is asked for.
    static const std::regex tenantOnly(
        R"(\bSEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \(tenant_id=\?( AND status=\?)?\))");
    if (std::regex_search(line, match, tenantOnly) && sql.find("$2") != std::string::npos &&
        (!match[3].matched || sql.find("agent_id = $2") != std::string::npos)) {
        auto table = tableOf(match[1].str(), sql);
        // What the statement does not name is looked at for a foreign key's sake: by the tenant is right.
        return sql.find(table) != std::string::npos ? table : "";
    }
    if (!std::regex_search(line, match, sqlite))
        return "";
    // A partial index that holds only what is wanted is read whole, and that is what it is for.
    static const std::regex partial(R"(USING (?:COVERING )?INDEX (\w+))");
    const std::string rest = match[2].str();
    // The first page of everything, in the index's order, ends with the page.
    if (rest.find("USING ") != std::string::npos && sql.find("WHERE") == std::string::npos &&
        sql.find("LIMIT") != std::string::npos)
        return "";
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

void expectNoScans(core::db::Database& db, const RecordingDatabase& recorder, const core::db::Context& tenant,
                   const std::set<std::string>& growing, const std::vector<std::string>& whole) {
    for (const auto& [sql, recorded] : recorder.statements()) {
        const auto begins = [&sql = sql](const std::string& head) { return sql.starts_with(head); };
        if (std::any_of(whole.begin(), whole.end(), begins))
            continue;
        const auto context = recorded.system ? core::db::Context(core::SystemContext("plans")) : tenant;
        for (const auto& table : scannedTables(db, context, sql, recorded.params, growing))
            ADD_FAILURE() << table << "\n  in " << sql;
    }
}

std::string ManyRows::from(int count) const {
    const auto number = std::to_string(count);
    return postgres_ ? " FROM generate_series(1, " + number + ") AS s(i)"
                     : " FROM (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < " +
                           number + ") SELECT i FROM c) s";
}

std::string ManyRows::id(const std::string& kind, const std::string& owner) const {
    const std::string tail = "-" + kind + "-7000-8000-" + owner + "'";
    return postgres_ ? "('0197' || lpad(to_hex(s.i), 4, '0') || '" + tail + ")::uuid"
                     : "'0197' || printf('%04x', s.i) || '" + tail;
}

} // namespace test
