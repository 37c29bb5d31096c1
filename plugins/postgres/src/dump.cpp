#include "globals.h"
#include "hints.h"
#include "programs.h"
#include "quoting.h"
#include "server.h"
#include "steps.h"
#include "streams.h"

namespace postgres {
namespace {
using agent::plugin::Ended;
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

bool isTimeout(const Ended& end) {
    // pg_dump waits for locks under a statement timeout.
    return end.error.find("due to statement timeout") != std::string::npos ||
           end.error.find("due to lock timeout") != std::string::npos;
}

/// Who holds what in the way; pg_dump names all the tables that it wanted.
std::string lockedIn(const Server& server, const std::string& database) {
    std::string out;
    try {
        for (const auto& row : server.rows(database, R"(
SELECT n.nspname, c.relname, l.pid, coalesce(a.usename, '')
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND l.locktype = 'relation' AND c.relkind IN ('r', 'p')
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND l.pid <> pg_catalog.pg_backend_pid()
ORDER BY 1, 2 LIMIT 5)",
                                           4))
            out += (out.empty() ? "" : ", ") + named(row[0] + "." + row[1]) + " by " + named(row[3]) +
                   " (process " + row[2] + ")";
    } catch (const Failure&) {
        // Told without it.
    }
    return out;
}

[[noreturn]] void refuse(const Server& server, const std::string& database, const Ended& end) {
    const auto what = "The database " + named(database) + " could not be dumped: ";
    if (isTimeout(end)) {
        const auto locked = lockedIn(server, database);
        throw Failure(what + "a table stayed locked for longer than lock_timeout_seconds" +
                          (locked.empty() ? "" : ": " + locked),
                      hintFor("lock timeout", server.access()));
    }
    throw explained(what + "pg_dump", end, server.access());
}

/// Tables that a server in recovery cannot read; 0 on any other.
int unloggedOnStandby(const Server& server, const std::string& database) {
    return std::stoi(server.value(database,
                                  "SELECT count(*) FROM pg_catalog.pg_class WHERE relkind = 'r' AND "
                                  "relpersistence = 'u' AND pg_catalog.pg_is_in_recovery()"));
}

void dumpDatabase(Server& server, const std::string& database) {
    const auto& step = server.step();
    const auto program = programFor(step, "pg_dump", server.major(), "The server " + server.access().label());
    const auto seconds = std::to_string(step.settings().value("lock_timeout_seconds", 300));
    // Not compressed: restic does that, and finds what is the same as in the dump before.
    std::vector<std::string> arguments{program.path, "--compress=0", "--no-password",
                                       "--lock-wait-timeout=" + seconds + "s"};
    const bool directory = !step.folder().empty();
    if (directory)
        // Not flushed to the disk: restic reads it at once, and it is removed then.
        for (const auto& argument : {std::string("--format=directory"), jobsOf(step),
                                     std::string("--no-sync"), "--file=" + step.folder()})
            arguments.push_back(argument);
    else
        arguments.emplace_back("--format=custom");
    for (const auto& pattern : step.texts("exclude_table_data"))
        arguments.push_back("--exclude-table-data=" + pattern);
    Json warnings = Json::array();
    if (const auto unlogged = unloggedOnStandby(server, database); unlogged > 0) {
        arguments.emplace_back("--no-unlogged-table-data");
        step.info("The rows of " + std::to_string(unlogged) +
                  " unlogged tables are not in the dump: a standby does not have them");
    }
    arguments.push_back("--dbname=" + server.access().to(database));
    const agent::plugin::Command command{.arguments = arguments, .environment = server.access().environment};
    const auto end = directory ? step.run(command) : runOut(step, command);
    if (!end.ok)
        refuse(server, database, end);
    for (auto& warning : warningsIn(end.error))
        warnings.push_back(std::move(warning));
    step.answer({{"tool", {{"name", "pg_dump"}, {"version", program.version}}},
                 {"server", server.describe()},
                 {"warnings", warnings}});
}
} // namespace

void dump(Step& step) {
    Server server(step);
    server.connect();
    if (isGlobals(step.item()))
        dumpGlobals(server);
    else
        dumpDatabase(server, step.item().at("name").get<std::string>());
}

} // namespace postgres
