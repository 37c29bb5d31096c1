#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "archive.h"
#include "globals.h"
#include "hints.h"
#include "programs.h"
#include "quoting.h"
#include "row_counts.h"
#include "server.h"
#include "sql_tokens.h"
#include "steps.h"
#include "streams.h"
#include "table_queries.h"
#include "throwaway_server.h"

namespace postgres {
namespace {
using agent::plugin::Ended;
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

constexpr const char* kDatabase = "restored";
constexpr std::size_t kMostTables = 20000;
constexpr std::size_t kMostNamed = 5;

std::string serverPrograms(const Step& step, int major) {
    auto folder = serverFolderFor(step, major);
    if (folder.empty())
        throw Failure("A server of PostgreSQL " + std::to_string(major) +
                          " or later is needed to try the dump in, and none is installed",
                      "Install the package postgresql-" + std::to_string(major));
    return folder;
}

/// A superuser that the dump does not name.
std::string superuserBeside(const std::set<std::string>& roles) {
    std::string name = "verifier";
    while (roles.contains(name))
        name += "_";
    return name;
}

void createRoles(const Server& server, const std::set<std::string>& roles,
                 const std::set<std::string>& superusers) {
    std::string sql;
    for (const auto& role : roles)
        // Those names belong to the server, and are there.
        if (!role.starts_with("pg_"))
            sql +=
                "CREATE ROLE " + identifier(role) + (superusers.contains(role) ? " SUPERUSER" : "") + ";\n";
    if (!sql.empty())
        server.execute("postgres", sql, "The dump's roles could not be made");
}

void createDatabase(const Server& server, const Archive& archive, Json& warnings) {
    const auto create = "CREATE DATABASE " + identifier(kDatabase);
    auto options = archive.databaseOptions();
    if (options.empty())
        options = " WITH TEMPLATE = template0";
    const auto end = server.run("postgres", create + options + ";");
    if (end.ok)
        return;
    warnings.push_back("Tried with another sort order than the database has: " + reasonIn(end));
    const auto at = options.find("ENCODING = ");
    const auto encoding =
        at == std::string::npos ? std::string() : options.substr(at, options.find(' ', at + 11) - at);
    server.execute("postgres",
                   create + " WITH TEMPLATE = template0 " + encoding + " LC_COLLATE = 'C' LC_CTYPE = 'C';",
                   "A database to try the dump in could not be made");
}

/// Where the dump is, as pg_restore reads it: a file or a folder.
struct Source {
    std::string path;
    bool folder = false;
};

/// With the dump as its last argument.
Ended runRestore(const Step& step, std::vector<std::string> arguments, const Server& server,
                 const Source& dump, const std::function<void(std::string_view)>& output = {}) {
    arguments.push_back(dump.path);
    const agent::plugin::Command command{.arguments = std::move(arguments),
                                         .environment = server.access().environment};
    return output ? runInto(step, command, output) : step.run(command);
}

void load(const Step& step, const Server& server, const std::string& bin, const Source& dump) {
    std::vector<std::string> arguments{bin + "/pg_restore", "--exit-on-error", "--no-password",
                                       "--no-tablespaces", "--dbname=" + server.access().to(kDatabase)};
    if (dump.folder)
        arguments.push_back(jobsOf(step));
    const auto end = runRestore(step, std::move(arguments), server, dump);
    if (end.ok)
        return;
    const auto reason = reasonIn(end);
    std::string hint = "Try it by hand: the dump could not be restored like this either";
    if (reason.find("xtension") != std::string::npos ||
        reason.find("could not access file") != std::string::npos)
        hint = "Install the extension on the machine that tries dumps";
    throw Failure("The dump cannot be restored: " + reason, hint);
}

RowCounts expectedIn(const Step& step, const Server& server, const std::string& bin, const Source& dump) {
    CopyCounter counter;
    const auto end = runRestore(step, {bin + "/pg_restore", "--data-only", "--file=-"}, server, dump,
                                [&](std::string_view bytes) { counter.take(bytes); });
    if (!end.ok || counter.unfinished())
        throw Failure("The dump cannot be read to its end: pg_restore " + end.describe());
    return counter.counts();
}

/// Counts what was restored: the dump's tables, and those that it has without rows. Tables of extensions get
/// rows of their own when the extension is made.
RowCounts countedIn(const Server& server, const RowCounts& expected) {
    RowCounts out;
    std::string sql;
    std::size_t tables = 0;
    const auto ask = [&] {
        for (const auto& row : server.rows(kDatabase, sql, 2))
            out[row[0]] = std::stoull(row[1]);
        sql.clear();
        tables = 0;
    };
    const auto add = [&](const std::string& table) {
        sql += "SELECT " + literal(table) + ", count(*) FROM ONLY " + table + ";\n";
        if (++tables == 1000)
            ask();
    };
    for (const auto& row : server.rows(kDatabase, kTables, 2))
        if (row[1] != "t")
            add(row[0]);
    if (!sql.empty())
        ask();
    // Under the name that the dump has for it, should they differ.
    for (const auto& [table, count] : expected)
        if (!out.contains(table))
            add(table);
    if (!sql.empty())
        ask();
    return out;
}

void withoutTablesOfExtensions(const Server& server, RowCounts& expected) {
    for (const auto& row : server.rows(kDatabase, kTablesOfExtensions, 1))
        expected.erase(row[0]);
}

Json answerOf(const Server& server, const RowCounts& rows, const RowCounts& expected, const Json& warnings,
              bool ok) {
    Json tables = Json::array();
    for (const auto& [table, count] : rows) {
        if (tables.size() == kMostTables)
            break;
        const auto found = expected.find(table);
        tables.push_back(
            {{"name", table}, {"rows", count}, {"expected", found == expected.end() ? 0 : found->second}});
    }
    return {{"tables", tables},
            {"server", {{"product", "PostgreSQL"}, {"version", server.version()}}},
            {"warnings", warnings},
            {"ok", ok}};
}

void judge(const std::vector<RowDifference>& different) {
    if (different.empty())
        return;
    std::string text = "The restored database does not hold what the dump does: ";
    for (std::size_t i = 0; i < different.size() && i < kMostNamed; ++i)
        text += (i == 0 ? "" : ", ") + named(different[i].table) + " has " +
                std::to_string(different[i].rows) + " rows instead of " +
                std::to_string(different[i].expected);
    if (different.size() > kMostNamed)
        text += " and " + std::to_string(different.size() - kMostNamed) + " more tables";
    throw Failure(text, "Look at triggers and rules that change rows while they are loaded");
}

/// A copy of the stream: it is read twice.
Source copied(const Step& step, Incoming& incoming) {
    const auto file = step.workFolder() + "/dump";
    const Descriptor copy(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    bool written = copy.fd() >= 0;
    incoming.pour([&](std::string_view bytes) { return written = written && writeAll(copy.fd(), bytes); });
    if (!written)
        throw Failure("The dump cannot be copied to " + step.workFolder(), "See that there is room");
    return {file, false};
}

void verifyDatabase(const Step& step) {
    std::optional<Incoming> incoming;
    if (step.folder().empty())
        incoming.emplace(step);
    const auto archive = incoming ? contentsOf(*incoming) : contentsOf(step.folder());
    const auto bin =
        serverPrograms(step, std::max(majorOf(archive.dumpVersion), majorOf(archive.serverVersion)));
    const auto dump = incoming ? copied(step, *incoming) : Source{step.folder(), true};
    const Heartbeat works(step, incoming ? incoming->done() : 0);
    auto roles = archive.owners();
    roles.merge(archive.grantees());
    roles.merge(archive.neededRoles());
    const ThrowawayServer throwaway(step, bin, superuserBeside(roles));
    const auto& server = throwaway.server();
    Json warnings = Json::array();
    createRoles(server, roles, archive.superusers());
    createDatabase(server, archive, warnings);
    load(step, server, bin, dump);
    auto expected = expectedIn(step, server, bin, dump);
    withoutTablesOfExtensions(server, expected);
    const auto rows = countedIn(server, expected);
    const auto different = differences(rows, expected);
    step.answer(answerOf(server, rows, expected, warnings, different.empty()));
    judge(different);
}

void verifyGlobals(const Step& step) {
    const auto script = globalsScript(step);
    std::set<std::string> roles;
    for (const auto& statement : sqlStatements(script))
        if (statement.size() > 2 && statement[0].isWord("CREATE") && statement[1].isWord("ROLE"))
            roles.insert(statement[2].text);
    const ThrowawayServer throwaway(step, serverPrograms(step, 0), superuserBeside(roles));
    const auto& server = throwaway.server();
    const auto bin = serverPrograms(step, 0);
    const auto end = step.run({.arguments = {bin + "/psql", "-X", "-q", "--no-password", "-v",
                                             "ON_ERROR_STOP=0", "--dbname=" + server.access().to("postgres")},
                               .environment = server.access().environment,
                               .inputText = script});
    const auto errors = errorsIn(end.error);
    step.answer({{"tables", Json::array()},
                 {"server", {{"product", "PostgreSQL"}, {"version", server.version()}}},
                 {"roles", roles.size()},
                 {"warnings", errors},
                 {"ok", end.ok}});
    if (!end.ok)
        throw Failure("The roles cannot be restored: psql " + end.describe());
}
} // namespace

void verify(Step& step) {
    if (isGlobals(step.item()))
        verifyGlobals(step);
    else
        verifyDatabase(step);
}

} // namespace postgres
