#include "load.h"

#include <algorithm>
#include <cctype>

#include "explain.h"
#include "pipe.h"
#include "sql_text.h"

namespace mysql {

Loaded load(const Step& step, const Server& server, const std::string& database, int from,
            const LoadChanges& changes, const std::string& what,
            const std::function<void(std::string_view)>& seen) {
    auto arguments = server.command(server.client());
    arguments.insert(arguments.end(), {"--batch", "--binary-mode", "--default-character-set=utf8mb4",
                                       "--max-allowed-packet=1073741824"});
    // A dump is data: nothing in it may run a program.
    auto used = changes;
    if (server.client().has("--sandbox"))
        arguments.emplace_back("--sandbox");
    else
        used.withoutSandboxLine = true;
    arguments.insert(arguments.end(), {"--", database});
    std::string* into = nullptr;
    LoadFilter filter(used, [&into](std::string_view text) { *into += text; });
    Pipe pipe;
    Relay relay(from, pipe.in.fd(),
                {.seen = seen,
                 .progress = [&](std::uint64_t done) { step.progress(done); },
                 .change =
                     [&](std::string_view piece, std::string& out) {
                         into = &out;
                         filter.read(piece);
                     },
                 .rest =
                     [&](std::string& out) {
                         into = &out;
                         filter.finish();
                     }},
                [&] { pipe.in.close(); });
    const auto end = step.run({.arguments = arguments, .input = pipe.out.fd()});
    pipe.out.close(); // whoever still writes has no reader
    relay.join();
    if (!end.ok && errorNumber(saidBy(end)) == 1227 && !filter.definers().empty())
        throw Failure(what + ": " + saidBy(end),
                      "Views, triggers, routines and events are restored with their definers (" +
                          joined({filter.definers().begin(), filter.definers().end()}) +
                          "), which needs: GRANT " +
                          (!server.mariadb()           ? "SET_USER_ID"
                           : server.number() >= 100502 ? "SET USER"
                                                       : "SUPER") +
                          " ON *.* TO " + quotedAccount(server.account()));
    if (!end.ok)
        throw explain(what, end);
    if (relay.readError() != 0 || relay.writeError() != 0 || !endsWhole(relay.tail()))
        throw Failure(what + ": the dump is cut off: its last line is missing",
                      "Take another snapshot; this one holds no whole dump");
    if (filter.used().size() > 1)
        throw Failure(what + ": the dump holds several databases",
                      "Load it by hand: restic dump ... | mariadb");
    return {filter.definers(), filter.hadGtids()};
}

std::string charsetClause(const Json& item) {
    std::string out;
    const auto add = [&](const char* field, const char* words) {
        const auto name = item.value(field, std::string());
        const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char sign) {
            return std::isalnum(sign) != 0 || sign == '_';
        });
        if (plain)
            out += words + name;
    };
    add("charset", " CHARACTER SET ");
    add("collation", " COLLATE ");
    return out;
}

} // namespace mysql
