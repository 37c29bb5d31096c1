#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "accounts.h"
#include "items.h"
#include "load.h"
#include "pipe.h"
#include "row_counter.h"
#include "sql_text.h"
#include "steps.h"
#include "throwaway_server.h"

namespace mysql {
namespace {
constexpr const char* kTrial = "trial";
constexpr std::size_t kHead = 1024;

/// The version of the server that the dump is of, from the beginning of it: "11.8.2-MariaDB"; empty if it
/// does not say.
std::string versionIn(const std::string& head) {
    static constexpr std::string_view kWords = "-- Server version\t";
    const auto at = head.find(kWords);
    if (at == std::string::npos)
        return {};
    const auto begin = at + kWords.size();
    return head.substr(begin, head.find_first_of("\r\n", begin) - begin);
}

/// Whether the first is a later version of MariaDB.
bool isLater(const std::string& version, const Server& than) {
    int major = 0;
    int minor = 0;
    return version.find("MariaDB") != std::string::npos && than.mariadb() &&
           std::sscanf(version.c_str(), "%d.%d", &major, &minor) == 2 &&
           major * 100 + minor > than.number() / 100;
}

/// What was found in the trial's database.
struct Found {
    std::map<std::string, std::uint64_t> rows;
    std::vector<std::string> damaged;
    std::vector<std::string> warnings;
};

Found look(const Step& step, const Server& server) {
    Found out;
    const auto tables = server.query("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
                                     "TABLE_SCHEMA='trial' ORDER BY TABLE_NAME;");
    std::uint64_t done = 0;
    for (const auto& row : tables) {
        if (step.stopped())
            throw Failure("The trial was ended before it was done");
        step.progress(++done, tables.size());
        const auto name = "`trial`." + quotedName(row[0]);
        if (row[1] == "SEQUENCE")
            continue;
        const bool view = row[1] == "VIEW";
        for (const auto& check : server.query("CHECK TABLE " + name + ";"))
            if (check.size() >= 4 && (check[2] == "error" || check[2] == "Error"))
                (view ? out.warnings : out.damaged).push_back(row[0] + ": " + check[3]);
        if (view)
            continue;
        // The history of a table that keeps one is in the dump, too.
        const auto counted = server.query("SELECT COUNT(*) FROM " + name +
                                          (row[1] == "SYSTEM VERSIONED" ? " FOR SYSTEM_TIME ALL;" : ";"));
        out.rows[row[0]] = std::strtoull(counted.at(0).at(0).c_str(), nullptr, 10);
    }
    return out;
}

void verifyUsers(Step& step, const Server& server) {
    const auto file = step.workFolder() + "/users.sql";
    Descriptor to(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!to.open())
        throw Failure(file + " cannot be written: " + std::strerror(errno));
    Relay relay(step.stream(), to.fd(), {}, {});
    relay.join();
    if (relay.readError() != 0 || relay.writeError() != 0 || !endsWhole(relay.tail()))
        throw Failure("The dump is cut off: its last line is missing");
    const auto done = restoreAccounts(step, server, file);
    step.answer({{"tables", Json::array()},
                 {"accounts", done.created.size()},
                 {"server", server.describe()},
                 {"ok", true}});
}
} // namespace

void verify(Step& step) {
    const Settings settings(step);
    const ThrowawayServer trial(step, settings);
    const auto& server = trial.server();
    if (isUsers(step.item())) {
        verifyUsers(step, server);
        return;
    }
    server.execute("CREATE DATABASE " + quotedName(kTrial) + charsetClause(step.item()) + ";");
    RowCounter counter;
    std::string head;
    try {
        (void)load(step, server, kTrial, step.stream(), {}, "The dump cannot be loaded",
                   [&](std::string_view piece) {
                       if (head.size() < kHead)
                           head += piece.substr(0, kHead - head.size());
                       counter.read(piece);
                   });
    } catch (const Failure& failure) {
        if (const auto version = versionIn(head); isLater(version, server))
            throw Failure(failure.what(), "The dump is of " + version + ", and the trial's server is " +
                                              server.version() +
                                              ": install one that is not older, and name its programs with "
                                              "\"program_folder\" if it is not the system's");
        throw;
    }
    const auto found = look(step, server);
    const auto wrong = differences(counter.rows(), found.rows);
    Json tables = Json::array();
    for (const auto& [table, rows] : found.rows) {
        const auto expected = counter.rows().find(table);
        tables.push_back({{"name", table},
                          {"rows", rows},
                          {"expected", expected == counter.rows().end() ? 0 : expected->second}});
    }
    const bool ok = wrong.empty() && found.damaged.empty();
    step.answer(
        {{"tables", tables}, {"server", server.describe()}, {"warnings", found.warnings}, {"ok", ok}});
    if (ok)
        return;
    std::vector<std::string> texts = found.damaged;
    for (const auto& one : wrong)
        texts.push_back(one.missing ? one.table + " is missing"
                                    : one.table + " has " + std::to_string(one.found) + " rows, the dump " +
                                          std::to_string(one.expected));
    throw Failure("The dump was loaded, but it is not whole: " + joined(texts, 20),
                  "Take another snapshot, and look into the log of the dump");
}

void cleanup(Step& step) {
    removeLeftServers(step);
}

} // namespace mysql
