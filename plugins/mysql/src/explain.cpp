#include "explain.h"

#include <regex>
#include <sstream>

namespace mysql {
namespace {
const char* hintOf(int number) {
    switch (number) {
    case 1045:
    case 1698:
        return "Correct \"user\" and \"password\", and see that the account may log in from this machine";
    case 1044:
    case 1142:
    case 1143:
    case 1227:
    case 1370:
        return "The account lacks a privilege; the plugin's test says which, with the GRANT statement";
    case 1049:
        return "The database has been removed or renamed; correct \"databases\"";
    case 1040:
    case 1203:
    case 1226:
        return "The server has no room for another connection; try again later or raise its limit";
    case 1205:
    case 1213:
        return "Another session holds a lock on the table that is named; dump at another time, end that "
               "session, "
               "or raise \"lock_wait_seconds\"";
    case 1317:
        return "The statement was ended on the server";
    case 1412:
        return "A table was altered while it was dumped; dump at a time when no structure is changed";
    case 1356:
    case 1449:
    case 1146:
        return "What it refers to, or its definer, is gone; repair or drop it, or leave it out with "
               "\"exclude_tables\"";
    case 1273:
    case 1115:
        return "The dump is of a server with collations or character sets that this one does not know, such "
               "as "
               "MySQL 8's utf8mb4_0900_ai_ci; restore it into a server of that kind and version, or replace "
               "the "
               "name in the dump (restic dump ... | sed) with one that SHOW COLLATION lists";
    case 1286:
        return "The server lacks the storage engine of a table; install it, or restore elsewhere";
    case 1419:
        return "The server writes a binary log: set log_bin_trust_function_creators, or restore with an "
               "account "
               "that has SUPER";
    case 1153:
    case 2020:
        return "Raise the server's max_allowed_packet";
    case 1114:
    case 1021:
    case 1030:
        return "Make room on the server's disk";
    case 2002:
    case 2003:
    case 2005:
        return "See that the server runs and that \"host\", \"port\" and \"socket\" are right";
    case 1053:
    case 1077:
    case 1927:
    case 2006:
    case 2013:
    case 2055:
        return "The server ended or cut the connection; its error log says why. Large rows need a larger "
               "max_allowed_packet, slow networks a larger net_write_timeout";
    case 2026:
        return "Set \"tls\" to what the server offers, and \"ssl_ca\" to the authority of its certificate";
    default:
        return "";
    }
}
} // namespace

int errorNumber(const std::string& text) {
    static const std::regex kForms("ERROR ([0-9]{4})|[Ee]rror:? ([0-9]{4})|\\(([0-9]{4})\\)");
    std::smatch match;
    int found = 0;
    for (auto at = text.cbegin(); std::regex_search(at, text.cend(), match, kForms); at = match[0].second)
        for (std::size_t i = 1; i < 4; ++i)
            if (match[i].matched)
                found = std::stoi(match[i]);
    return found;
}

std::string saidBy(const agent::plugin::Ended& end) {
    std::istringstream lines(end.error);
    std::string out;
    for (std::string line; std::getline(lines, line);) {
        const bool noise = line.find("Deprecated program name") != std::string::npos ||
                           line.find("[Warning] Using a password") != std::string::npos ||
                           line.find("Forcing protocol to") != std::string::npos;
        if (noise || line.empty() || line == "--------------")
            continue;
        if (out.size() < 1500)
            out += (out.empty() ? "" : "; ") + line;
    }
    return out;
}

Failure explain(const std::string& what, const agent::plugin::Ended& end) {
    const auto said = saidBy(end);
    std::string message = what + ": ";
    if (!end.started)
        message += "the program could not be started: " + said;
    else if (end.timedOut)
        message += "it took too long";
    else if (end.signal != 0)
        message += "the program was ended by signal " + std::to_string(end.signal);
    else
        message += said.empty() ? "exit code " + std::to_string(end.exitCode) : said;
    if ((end.timedOut || end.signal != 0) && !said.empty())
        message += ": " + said;
    return Failure(message, end.signal != 0 ? "See whether the machine ran out of memory, or who ended it"
                                            : hintOf(errorNumber(said)));
}

} // namespace mysql
