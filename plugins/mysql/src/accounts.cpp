#include "accounts.h"

#include <fstream>
#include <regex>
#include <sstream>

#include "explain.h"
#include "load_filter.h"
#include "sql_text.h"

namespace mysql {
namespace {
constexpr const char* kAccounts = "SELECT CONCAT(User, IF(Host='' AND User<>'', '', CONCAT('@', Host))) FROM "
                                  "mysql.user WHERE User<>'' OR Host<>'';";
/// MySQL's own, which every server has.
bool isInternal(const std::string& account) {
    return account == "mysql.sys@localhost" || account == "mysql.session@localhost" ||
           account == "mysql.infoschema@localhost" || account == "mariadb.sys@localhost" ||
           account == "PUBLIC";
}

std::set<std::string> setOf(const Rows& rows) {
    std::set<std::string> out;
    for (const auto& row : rows)
        out.insert(row[0]);
    return out;
}
} // namespace

std::set<std::string> accountsOf(const Server& server) {
    return setOf(server.query(kAccounts));
}

std::set<std::string> accountsIfReadable(const Server& server) {
    Rows rows;
    return server.attempt(kAccounts, &rows).ok ? setOf(rows) : std::set<std::string>{};
}

std::string accountStatements(const Step& step, const Server& server, std::vector<std::string>& warnings) {
    static const std::regex kDefaultRole(" DEFAULT ROLE `[^`]*`@`[^`]*`(?:, ?`[^`]*`@`[^`]*`)*");
    std::string created;
    std::string granted;
    std::string defaults;
    // Signs of MySQL's newer password hashes are no text.
    const std::string readable =
        !server.mariadb() && server.number() >= 80017 ? "SET SESSION print_identified_with_as_hex=1;\n" : "";
    std::vector<std::string> untold;
    for (const auto& account : accountsOf(server)) {
        if (isInternal(account))
            continue;
        if (step.stopped())
            throw Failure("The dump of accounts was ended before it was done");
        const auto name = quotedAccount(account);
        if (account.find('@') == std::string::npos) {
            created += "CREATE ROLE IF NOT EXISTS " + name + ";\n";
        } else {
            Rows rows;
            if (const auto end = server.attempt(readable + "SHOW CREATE USER " + name + ";", &rows);
                !end.ok) {
                // With skip_name_resolve the server does not know accounts of hosts with names.
                if (errorNumber(saidBy(end)) != 1133)
                    throw explain("The account " + account + " was not dumped", end);
                untold.push_back(account);
                continue;
            }
            for (auto& row : rows) {
                auto& text = row[0];
                if (text.starts_with("CREATE USER ") && !text.starts_with("CREATE USER IF"))
                    text.insert(12, "IF NOT EXISTS ");
                // The role may be created, and is granted, after the account.
                if (std::smatch match; std::regex_search(text, match, kDefaultRole)) {
                    defaults += "ALTER USER " + name + match[0].str() + ";\n";
                    text = match.prefix().str() + match.suffix().str();
                }
                created += text + ";\n";
            }
        }
        for (const auto& row : server.query("SHOW GRANTS FOR " + name + ";"))
            granted += row[0] + ";\n";
    }
    if (!untold.empty())
        warnings.push_back("The server does not tell these accounts, which are not in the dump: " +
                           joined(untold));
    return "-- Accounts and grants\n" + created + granted + defaults + "-- Dump completed\n";
}

RestoredAccounts restoreAccounts(const Step& step, const Server& server, const std::string& file) {
    std::ostringstream content;
    content << std::ifstream(file, std::ios::binary).rdbuf();
    std::set<std::string> left;
    std::set<std::string> created;
    auto statements = withoutAccounts(content.str(), accountsOf(server), left, created);
    std::string filtered;
    LoadFilter filter({.withoutSandboxLine = !server.client().has("--sandbox")},
                      [&](std::string_view text) { filtered += text; });
    filter.read(statements);
    filter.finish();
    std::erase_if(left, isInternal);
    RestoredAccounts out{{created.begin(), created.end()}, {left.begin(), left.end()}};
    if (created.empty())
        return out;
    auto arguments = server.command(server.client());
    arguments.insert(arguments.end(), {"--batch", "--default-character-set=utf8mb4"});
    if (const auto end = step.run({.arguments = arguments, .inputText = filtered}); !end.ok)
        throw explain("Accounts were not all restored", end);
    return out;
}

} // namespace mysql
