#include "globals.h"

#include "hints.h"
#include "programs.h"
#include "quoting.h"
#include "sql_tokens.h"
#include "streams.h"

namespace postgres {
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

constexpr std::size_t kMostScript = std::size_t{64} << 20U;
} // namespace

void dumpGlobals(Server& server) {
    const auto& step = server.step();
    const auto program =
        programFor(step, "pg_dumpall", server.major(), "The server " + server.access().label());
    std::vector<std::string> arguments{
        program.path, "--globals-only", "--no-password",
        "--lock-wait-timeout=" + std::to_string(step.settings().value("lock_timeout_seconds", 300)) + "s"};
    Json warnings = Json::array();
    if (!server.superuser()) {
        arguments.emplace_back("--no-role-passwords");
        // Said by the plugin's test too. No doubt about the dump: it is the same each time.
        step.info("The passwords of roles are not in the dump: only a superuser may read them");
    }
    // Only these two: pg_dumpall would take a name such as "host=x" for a connection string.
    if (server.maintenance() == "postgres" || server.maintenance() == "template1")
        arguments.push_back("--database=" + server.maintenance());
    arguments.push_back("--dbname=" + server.access().to(server.maintenance()));
    const auto end = runOut(step, {.arguments = arguments, .environment = server.access().environment});
    if (!end.ok)
        throw explained("The roles of " + server.access().label() + " could not be dumped: pg_dumpall", end,
                        server.access());
    for (auto& warning : warningsIn(end.error))
        warnings.push_back(std::move(warning));
    step.answer({{"tool", {{"name", "pg_dumpall"}, {"version", program.version}}},
                 {"server", server.describe()},
                 {"warnings", warnings}});
}

std::string withoutCommands(const std::string& script) {
    std::string out = script;
    for (const auto& token : sqlTokens(script)) {
        if (token.kind != SqlToken::Kind::backslash)
            continue;
        const auto end = std::min(script.find('\n', token.begin), script.size());
        const auto line = script.substr(token.begin, end - token.begin);
        if (!line.starts_with("\\connect ") && !line.starts_with("\\restrict ") &&
            !line.starts_with("\\unrestrict "))
            throw Failure("The dump of roles holds a command that pg_dumpall does not write",
                          "Read it before you restore it: restic dump");
        out.replace(token.begin, line.size(), line.size(), ' ');
    }
    return out;
}

std::string withoutRoles(const std::string& script, const std::set<std::string>& roles) {
    std::string out = script;
    for (const auto& statement : sqlStatements(script)) {
        const bool ofRole = statement.size() > 2 && statement[1].isWord("ROLE") && statement[2].isName() &&
                            roles.contains(statement[2].text);
        if (ofRole &&
            (statement[0].isWord("CREATE") ||
             (statement[0].isWord("ALTER") && statement.size() > 3 && statement[3].isWord("WITH")))) {
            const auto from = statement.front().begin;
            const auto size = statement.back().end - from;
            out.replace(from, size, size, ' ');
        }
    }
    return out;
}

std::vector<std::string> errorsIn(const std::string& error) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < error.size();) {
        const auto end = std::min(error.find('\n', at), error.size());
        const auto line = error.substr(at, end - at);
        at = end + 1;
        const auto found = line.find("ERROR:  ");
        if (found == std::string::npos)
            continue;
        if (line.find("already exists") == std::string::npos)
            out.push_back(line.substr(found + 8));
    }
    return out;
}

std::string globalsScript(const Step& step) {
    Incoming incoming(step);
    auto script = incoming.all(kMostScript);
    if (script.find("\n-- PostgreSQL database cluster dump complete") == std::string::npos)
        throw Failure("The dump of roles is not complete: its end is missing", "Choose another snapshot");
    return withoutCommands(script);
}

void restoreGlobals(const Step& step) {
    const auto script = globalsScript(step);
    Server server(step);
    server.connect();
    std::set<std::string> roles;
    for (auto& row : server.rows(server.maintenance(), "SELECT rolname FROM pg_catalog.pg_roles", 1))
        roles.insert(std::move(row.front()));
    const auto psql = anyPsql(step);
    const auto end = step.run({.arguments = {psql.path, "-X", "-q", "--no-password", "-v", "ON_ERROR_STOP=0",
                                             "--dbname=" + server.access().to(server.maintenance())},
                               .environment = server.access().environment,
                               .inputText = withoutRoles(script, roles)});
    if (!end.ok)
        throw explained("The roles could not be restored", end, server.access());
    Json warnings = Json::array();
    for (auto& one : errorsIn(end.error))
        warnings.push_back(std::move(one));
    Json kept = Json::array();
    for (const auto& statement : sqlStatements(script))
        if (statement.size() > 2 && statement[0].isWord("CREATE") && statement[1].isWord("ROLE") &&
            roles.contains(statement[2].text))
            kept.push_back(statement[2].text);
    if (!kept.empty()) {
        std::string names;
        for (const auto& one : kept)
            names += (names.empty() ? "" : ", ") + named(one.get<std::string>());
        warnings.push_back("Roles that existed were kept with their attributes and passwords: " + names);
    }
    step.answer({{"tool", {{"name", "psql"}}},
                 {"server", server.describe()},
                 {"kept", kept},
                 {"warnings", warnings}});
}

} // namespace postgres
