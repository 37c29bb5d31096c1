#include "grants.h"

#include <algorithm>

#include "sql_text.h"

namespace mysql {
namespace {
/// A name in backticks at `at`, which is moved behind it; * as the empty one.
std::string nameAt(std::string_view text, std::size_t& at) {
    std::string out;
    if (at >= text.size())
        return out;
    if (text[at] == '*') {
        ++at;
        return out;
    }
    const char quote = text[at];
    if (quote != '`' && quote != '"')
        return out;
    for (++at; at < text.size(); ++at) {
        if (text[at] == quote) {
            if (at + 1 >= text.size() || text[at + 1] != quote)
                break;
            ++at;
        }
        out += text[at];
    }
    ++at;
    return out;
}

/// As LIKE does, with a backslash before what is meant as it is.
bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.empty())
        return text.empty();
    if (pattern[0] == '%') {
        for (std::size_t i = 0; i <= text.size(); ++i)
            if (matches(pattern.substr(1), text.substr(i)))
                return true;
        return false;
    }
    if (text.empty())
        return false;
    if (pattern[0] == '\\' && pattern.size() > 1)
        return pattern[1] == text[0] && matches(pattern.substr(2), text.substr(1));
    return (pattern[0] == '_' || pattern[0] == text[0]) && matches(pattern.substr(1), text.substr(1));
}

std::string grantee(const Server& server) {
    return quotedAccount(server.account());
}

std::string patternOf(std::string_view database) {
    std::string out;
    for (const char sign : database) {
        if (sign == '_' || sign == '%' || sign == '\\')
            out += '\\';
        out += sign;
    }
    return out;
}
} // namespace

Grants::Grants(const std::vector<std::string>& lines) {
    for (const auto& line : lines) {
        static constexpr std::string_view kGrant = "GRANT ";
        if (!line.starts_with(kGrant))
            continue;
        // Privileges up to ON; names of columns stand in parentheses.
        Grant grant;
        std::string one;
        std::size_t at = kGrant.size();
        int depth = 0;
        bool columns = false;
        const auto add = [&] {
            const auto begin = one.find_first_not_of(' ');
            const auto end = one.find_last_not_of(' ');
            if (begin != std::string::npos && !columns)
                grant.privileges.insert(one.substr(begin, end - begin + 1));
            one.clear();
            columns = false;
        };
        for (; at < line.size(); ++at) {
            if (depth == 0 && line.compare(at, 4, " ON ") == 0)
                break;
            if (line[at] == '(') {
                ++depth;
                columns = true;
            } else if (line[at] == ')') {
                --depth;
            } else if (depth == 0 && line[at] == ',') {
                add();
            } else if (depth == 0) {
                one += line[at];
            }
        }
        add();
        if (at >= line.size())
            continue; // a role's membership
        at += 4;
        if (line.compare(at, 10, "PROCEDURE ") == 0 || line.compare(at, 9, "FUNCTION ") == 0 ||
            line.compare(at, 8, "PACKAGE ") == 0 || grant.privileges.contains("PROXY"))
            continue;
        grant.database = nameAt(line, at);
        if (at < line.size() && line[at] == '.') {
            ++at;
            grant.table = nameAt(line, at);
        }
        grants_.push_back(std::move(grant));
    }
}

Grants Grants::of(const Server& server) {
    std::vector<std::string> lines;
    for (const auto& row : server.query("SHOW GRANTS;"))
        lines.push_back(row[0]);
    return Grants(lines);
}

bool Grants::has(const Grant& grant, std::string_view privilege) {
    return grant.privileges.contains(privilege) || grant.privileges.contains("ALL PRIVILEGES") ||
           grant.privileges.contains("ALL");
}

bool Grants::everywhere(std::string_view privilege) const {
    for (const auto& grant : grants_)
        if (grant.database.empty() && grant.table.empty() && has(grant, privilege))
            return true;
    return false;
}

bool Grants::seesEveryDatabase() const {
    // Any privilege for databases that holds for all of them shows them all.
    static constexpr auto kShowing = {
        "SHOW DATABASES", "SELECT",        "INSERT",      "UPDATE",         "DELETE",
        "CREATE",         "DROP",          "REFERENCES",  "INDEX",          "ALTER",
        "LOCK TABLES",    "EXECUTE",       "CREATE VIEW", "CREATE ROUTINE", "CREATE TEMPORARY TABLES",
        "SHOW VIEW",      "ALTER ROUTINE", "EVENT",       "TRIGGER"};
    return std::any_of(kShowing.begin(), kShowing.end(),
                       [&](std::string_view privilege) { return everywhere(privilege); });
}

bool Grants::onDatabase(const std::string& database, std::string_view privilege) const {
    if (everywhere(privilege))
        return true;
    for (const auto& grant : grants_)
        if (!grant.database.empty() && grant.table.empty() && has(grant, privilege) &&
            matches(grant.database, database))
            return true;
    return false;
}

bool Grants::onTable(const std::string& database, const std::string& table,
                     std::string_view privilege) const {
    if (onDatabase(database, privilege))
        return true;
    for (const auto& grant : grants_)
        if (grant.database == database && grant.table == table && has(grant, privilege))
            return true;
    return false;
}

std::vector<MissingGrant> missingForCatalog(const Server& server, const Grants& grants) {
    if (grants.seesEveryDatabase())
        return {};
    return {{"There may be more databases than the account sees, and those are not dumped; name in "
             "\"databases\" what is to be dumped if that is all",
             "GRANT SHOW DATABASES ON *.* TO " + grantee(server)}};
}

std::vector<MissingGrant> missingFor(const Server& server, const Grants& grants, const std::string& database,
                                     bool lockTables) {
    std::vector<MissingGrant> out;
    std::vector<std::string> missing;
    for (const auto* privilege : {"SELECT", "SHOW VIEW", "TRIGGER", "EVENT"})
        if (!grants.onDatabase(database, privilege))
            missing.emplace_back(privilege);
    if (lockTables && !grants.onDatabase(database, "LOCK TABLES"))
        missing.emplace_back("LOCK TABLES");
    if (!missing.empty())
        out.push_back({"The account lacks " + joined(missing) + " on the database " + database,
                       "GRANT " + joined(missing) + " ON " + quotedName(patternOf(database)) + ".* TO " +
                           grantee(server)});
    // Without it the server lists no routines, and the dump would lack them without a word.
    if (server.mariadb() || server.number() < 80000) {
        if (!grants.onTable("mysql", "proc", "SELECT") && !grants.onDatabase(database, "SHOW CREATE ROUTINE"))
            out.push_back({"The account cannot see the routines of the database " + database,
                           "GRANT SELECT ON `mysql`.`proc` TO " + grantee(server)});
    } else if (!grants.everywhere("SHOW_ROUTINE") && !grants.everywhere("SELECT")) {
        out.push_back({"The account cannot see the routines of the database " + database,
                       std::string("GRANT ") + (server.number() >= 80020 ? "SHOW_ROUTINE" : "SELECT") +
                           " ON *.* TO " + grantee(server)});
    }
    return out;
}

std::vector<MissingGrant> missingForBinlog(const Server& server, const Grants& grants) {
    const auto missing = [&](const std::string& privileges) {
        return std::vector<MissingGrant>{
            {"The account lacks " + privileges + ", which the binary log's position needs",
             "GRANT " + privileges + " ON *.* TO " + grantee(server)}};
    };
    if (server.mariadb()) {
        const auto* privilege = server.number() >= 100502 ? "BINLOG MONITOR" : "REPLICATION CLIENT";
        if (!grants.everywhere(privilege) && !grants.everywhere("SUPER"))
            return missing(privilege);
        return {};
    }
    std::vector<std::string> lacking;
    for (const auto* privilege : {"RELOAD", "REPLICATION CLIENT"})
        if (!grants.everywhere(privilege))
            lacking.emplace_back(privilege);
    return lacking.empty() ? std::vector<MissingGrant>{} : missing(joined(lacking));
}

std::vector<MissingGrant> missingForAccounts(const Server& server, const Grants& grants) {
    if (grants.onDatabase("mysql", "SELECT"))
        return {};
    return {
        {"The account cannot read accounts and grants", "GRANT SELECT ON `mysql`.* TO " + grantee(server)}};
}

} // namespace mysql
