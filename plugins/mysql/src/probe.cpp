#include "steps.h"

#include <algorithm>

#include "catalog.h"
#include "grants.h"
#include "items.h"
#include "sql_text.h"

namespace mysql {
namespace {
bool isVirtual(const std::string& name) {
    return name == "information_schema" || name == "performance_schema" || name == "sys";
}

class Findings {
public:
    void problem(const std::string& message, const std::string& statement = {}, const std::string& item = {},
                 bool warning = false) {
        Json one{{"message", message}, {"warning", warning}};
        if (!statement.empty())
            one["statement"] = statement;
        if (!item.empty())
            one["item"] = item;
        all_.push_back(std::move(one));
    }
    void missing(const std::vector<MissingGrant>& grants, const std::string& item, bool warning = false) {
        for (const auto& grant : grants)
            problem(grant.message, grant.statement, item, warning);
    }
    [[nodiscard]] const Json& all() const noexcept { return all_; }

private:
    Json all_ = Json::array();
};

std::vector<std::string> chosen(const Settings& settings, const std::map<std::string, Database>& databases) {
    std::vector<std::string> out = settings.databases;
    if (out.empty())
        for (const auto& [name, database] : databases)
            if (!isVirtual(name) && (name != "mysql" || settings.systemDatabase))
                out.push_back(name);
    std::erase_if(out, [&](const std::string& name) { return settings.excludedDatabases.contains(name); });
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

void look(const Server& server, const Settings& settings, const Grants& grants, const Database& database,
          Findings& findings) {
    const auto& name = database.name;
    for (const auto& warning : warningsOf(database, settings))
        findings.problem(warning, {}, name, true);
    findings.missing(
        missingFor(server, grants, name, settings.lockTables && !database.withoutTransactions.empty()), name);
    if (!database.broken.empty())
        findings.problem("The server cannot open the tables " + joined(database.broken) +
                             " of the database " + name,
                         {}, name);
}
} // namespace

std::vector<std::string> warningsOf(const Database& database, const Settings& settings) {
    std::vector<std::string> out;
    // The server's own tables are of such kinds, and seldom change.
    if (!settings.lockTables && !database.withoutTransactions.empty() && database.name != "mysql")
        out.push_back("The tables " + joined(database.withoutTransactions) + " of the database " +
                      database.name +
                      " know no transactions: what is written to them during the dump may be in it in part. "
                      "\"lock_tables\" locks them");
    if (!database.versionedByTransaction.empty())
        out.push_back("Of the tables " + joined(database.versionedByTransaction) + " of the database " +
                      database.name +
                      ", whose history is kept by transactions, only the present rows are in the dump");
    return out;
}

void probe(Step& step) {
    const Settings settings(step);
    const Server server(step, settings);
    Findings findings;
    Json tools = Json::array({server.client().describe()});
    const auto tool = server.dumpTool();
    tools.push_back(tool.describe());
    if (server.mariadb() != tool.mariadb)
        findings.problem("The server is " + std::string(server.mariadb() ? "MariaDB" : "MySQL") +
                             ", but the dump program is of the other product (" + tool.path + " " +
                             tool.version + ")",
                         {}, {}, true);
    const auto databases = databasesOf(server, settings);
    const auto grants = Grants::of(server);
    if (settings.databases.empty())
        findings.missing(missingForCatalog(server, grants), {}, true);
    Json items = Json::array();
    bool usersTaken = false;
    for (const auto& name : chosen(settings, databases)) {
        usersTaken = usersTaken || name == kUsers;
        const auto found = databases.find(name);
        Json item{{"name", name}, {"kind", "stream"}, {"extension", "sql"}, {"content", "database"}};
        if (found == databases.end()) {
            item["bytes"] = 0;
            items.push_back(std::move(item));
            findings.problem("The database " + name + " does not exist, or the account may not see it", {},
                             name);
            findings.missing(missingFor(server, grants, name, false), name);
            continue;
        }
        const auto& database = found->second;
        item["bytes"] = database.bytes;
        item["charset"] = database.charset;
        item["collation"] = database.collation;
        item["tables"] = database.tables.size();
        items.push_back(std::move(item));
        look(server, settings, grants, database, findings);
    }
    if (settings.users) {
        const std::string name = usersTaken ? kUsersBesideDatabase : kUsers;
        items.push_back(
            {{"name", name}, {"kind", "stream"}, {"extension", "sql"}, {"content", "users"}, {"bytes", 0}});
        findings.missing(missingForAccounts(server, grants), name);
    }
    if (settings.binlogPosition) {
        const auto rows = server.query("SELECT @@log_bin;");
        if (rows.empty() || rows[0][0] != "1")
            findings.problem("The server writes no binary log, so its position cannot be noted", {}, {},
                             true);
        for (const auto& missing : missingForBinlog(server, grants))
            for (const auto& item : items)
                if (item.at("content") == "database")
                    findings.missing({missing}, item.at("name").get<std::string>());
    }
    step.answer(
        {{"server", server.describe()}, {"tools", tools}, {"items", items}, {"problems", findings.all()}});
}

} // namespace mysql
