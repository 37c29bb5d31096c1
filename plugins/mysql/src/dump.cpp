#include <cstring>
#include <regex>

#include "accounts.h"
#include "events.h"
#include "explain.h"
#include "items.h"
#include "load_filter.h"
#include "lock_watch.h"
#include "pipe.h"
#include "relay.h"
#include "sql_text.h"
#include "steps.h"

namespace mysql {
namespace {
/// What the dump program wrote.
struct Written {
    std::uint64_t bytes = 0;
    std::string head;
    std::string tail;
};

/// Runs the program with its output passed on to the step's stream.
Written relayed(const Step& step, const std::vector<std::string>& arguments, const std::string& what,
                const Server& server, const std::string& database, const Settings& settings, bool watch) {
    Pipe pipe;
    const auto total = step.item().value("bytes", std::uint64_t{0});
    std::optional<LockWatch> locks;
    if (watch)
        locks.emplace(server, database, settings.lockWaitSeconds);
    // The program must not write on into a stream that nobody reads any more: its end of the pipe breaks.
    Relay relay(pipe.out.fd(), step.stream(),
                {.progress = [&](std::uint64_t done) { step.progress(done, total); }},
                [&] { pipe.out.close(); });
    const auto end = step.run({.arguments = arguments, .output = pipe.in.fd()});
    pipe.in.close();
    relay.join();
    const auto waited = locks ? locks->end() : std::string();
    if (!waited.empty())
        throw Failure(what + ": it waited longer than " + std::to_string(settings.lockWaitSeconds) +
                          " s for a lock that another session holds, with the statement " + waited,
                      "Dump at another time, end that session (SHOW PROCESSLIST), or raise "
                      "\"lock_wait_seconds\"");
    if (relay.writeError() != 0)
        throw Failure(what + ": the backup did not take it: " + std::strerror(relay.writeError()));
    if (!end.ok)
        throw explain(what, end);
    // Some versions end with 0 although they lost the server.
    if (!endsWhole(relay.tail()))
        throw Failure(what + ": the dump program ended without the last line of a whole dump" +
                          (saidBy(end).empty() ? "" : ": " + saidBy(end)),
                      "Look into the server's error log, and try again");
    return {relay.bytes(), relay.head(), relay.tail()};
}

/// The binary log's position from the dump's own comments; null if there is none.
Json binlogIn(const Written& written) {
    static const std::regex kPosition(
        "(?:MASTER|SOURCE)_LOG_FILE='([^']+)', (?:MASTER|SOURCE)_LOG_POS=([0-9]+)");
    static const std::regex kGtid("gtid_slave_pos='([^']*)'");
    std::smatch match;
    if (!std::regex_search(written.head, match, kPosition))
        return nullptr;
    Json out{{"file", match[1].str()}, {"position", std::stoull(match[2])}};
    for (const auto* text : {&written.head, &written.tail})
        if (std::regex_search(*text, match, kGtid))
            out["gtid"] = match[1].str();
    return out;
}

std::vector<std::string> dumpCommand(const Server& server, const Program& tool, const Settings& settings,
                                     const Database& database) {
    auto out = server.command(tool);
    const bool locked = settings.lockTables && !database.withoutTransactions.empty();
    // A lock keeps all tables still; a transaction those that know it.
    if (locked)
        out.insert(out.end(), {"--skip-single-transaction", "--lock-tables"});
    else
        out.emplace_back("--single-transaction");
    for (const auto* option :
         {"--quick", "--routines", "--triggers", "--hex-blob", "--skip-dump-date", "--no-tablespaces",
          "--default-character-set=utf8mb4", "--max-allowed-packet=1073741824"})
        out.emplace_back(option);
    if (!hidesEvents(database.name))
        out.emplace_back("--events");
    if (!tool.mariadb) {
        if (tool.has("--set-gtid-purged"))
            out.emplace_back("--set-gtid-purged=OFF");
        // Asks for a table that MySQL 8 has, and nothing else.
        if (tool.has("--column-statistics") && (server.mariadb() || server.number() < 80000))
            out.emplace_back("--column-statistics=0");
        if (tool.has("--init-command"))
            out.push_back("--init-command=SET SESSION lock_wait_timeout=" +
                          std::to_string(settings.lockWaitSeconds));
    }
    if (settings.binlogPosition)
        out.emplace_back(tool.has("--source-data") ? "--source-data=2" : "--master-data=2");
    if (!database.versioned.empty() && database.versionedByTransaction.empty() &&
        tool.has("--dump-history") && server.mariadb() && server.number() >= 101100)
        out.emplace_back("--dump-history");
    for (const auto& table : settings.excludedTables)
        if (table.starts_with(database.name + "."))
            out.push_back("--ignore-table=" + table);
    // Without --databases: no line of the dump says where it belongs, so it can go anywhere.
    out.insert(out.end(), {"--", database.name});
    return out;
}

void append(const Step& step, std::string_view text) {
    if (!plugins::writeAll(step.stream(), text))
        throw Failure("The backup did not take the dump: " + std::string(std::strerror(errno)));
}

void dumpUsers(Step& step, const Settings& settings, const Server& server, const Program& tool) {
    // The dump program gives up at the first account that a server with skip_name_resolve does not know.
    const auto unresolved = server.query("SELECT @@skip_name_resolve;");
    if (server.mariadb() && tool.has("--system") && unresolved.at(0).at(0) == "0") {
        auto arguments = server.command(tool);
        arguments.insert(arguments.end(), {"--system=users", "--insert-ignore", "--skip-dump-date"});
        (void)relayed(step, arguments, "Accounts were not dumped", server, {}, settings, false);
        step.answer({{"tool", tool.describe()}, {"server", server.describe()}});
        return;
    }
    std::vector<std::string> warnings;
    append(step, accountStatements(step, server, warnings));
    step.answer(
        {{"tool", server.client().describe()}, {"server", server.describe()}, {"warnings", warnings}});
}
} // namespace

void dump(Step& step) {
    const Settings settings(step);
    const Server server(step, settings);
    const auto tool = server.dumpTool();
    if (isUsers(step.item())) {
        dumpUsers(step, settings, server, tool);
        return;
    }
    const auto name = step.item().at("name").get<std::string>();
    const auto databases = databasesOf(server, settings);
    const auto found = databases.find(name);
    if (found == databases.end())
        throw Failure("The database " + name + " does not exist, or the account may not see it",
                      "Correct \"databases\"");
    auto warnings = warningsOf(found->second, settings);
    const auto written = relayed(step, dumpCommand(server, tool, settings, found->second),
                                 "The database " + name + " was not dumped", server, name, settings,
                                 tool.mariadb || !tool.has("--init-command"));
    if (hidesEvents(name))
        append(step, eventStatements(server, found->second));
    Json answer{{"tool", tool.describe()}, {"server", server.describe()}, {"bytes", written.bytes}};
    if (settings.binlogPosition) {
        answer["binlog"] = binlogIn(written);
        if (answer["binlog"].is_null())
            warnings.emplace_back("The dump tells no position of the binary log");
    }
    if (settings.lockTables && !found->second.withoutTransactions.empty())
        step.info("All tables of the database " + name + " were locked against writing during the dump");
    answer["warnings"] = warnings;
    step.answer(answer);
}

} // namespace mysql
