#include "hints.h"

#include <algorithm>
#include <array>

#include "quoting.h"
#include "server.h"

namespace postgres {
namespace {
using agent::plugin::Ended;
using agent::plugin::Failure;

constexpr std::size_t kMostWarnings = 50;

std::vector<std::string> lines(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.find_first_not_of(" \t") != std::string_view::npos)
            out.emplace_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

bool hasAny(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](auto part) { return has(text, part); });
}

/// "pg_dump: error: query failed: ERROR:  permission denied …" -> "permission denied …"
std::string withoutNames(std::string line) {
    const auto cut = [&](std::string_view prefix) {
        if (const auto at = line.find(prefix); at != std::string::npos && at < 300)
            line.erase(0, at + prefix.size());
    };
    cut("error: ");
    cut("FATAL:  ");
    // Which table it was stands before.
    if (!line.starts_with("COPY failed"))
        cut("ERROR:  ");
    return line;
}
/// The name in 'permission denied for database "x"', as SQL has it.
std::string databaseIn(std::string_view error) {
    constexpr std::string_view kBefore = "for database \"";
    const auto begin = error.find(kBefore);
    if (begin == std::string_view::npos)
        return "…";
    const auto rest = error.substr(begin + kBefore.size());
    // A server quotes nothing within: the name ends with the last quote of its line.
    const auto line = rest.substr(0, rest.find('\n'));
    return identifier(line.substr(0, line.rfind('"')));
}
} // namespace

std::string grantReading(const std::string& user) {
    return "GRANT pg_read_all_data TO " + identifier(user) + ";";
}

std::string reasonIn(const Ended& end) {
    if (!end.started)
        return "could not be started: " + end.error;
    if (end.timedOut)
        return "took too long";
    if (end.signal != 0)
        return "was ended by signal " + std::to_string(end.signal);
    const auto all = lines(end.error);
    // The last error, not the details behind it, nor how many there were.
    for (auto it = all.rbegin(); it != all.rend(); ++it)
        if (hasAny(*it, {"error: ", "FATAL: ", "ERROR: "}))
            return withoutNames(*it);
    return all.empty() ? "ended with exit code " + std::to_string(end.exitCode) : all.back();
}

std::string hintFor(std::string_view error, const Access& access) {
    const auto where = access.label();
    if (has(error, "password authentication failed"))
        return "Correct user and password in the settings";
    if (hasAny(error, {"no password supplied", "fe_sendauth"}))
        return "Give the settings a password, or a password file";
    if (has(error, "no pg_hba.conf entry"))
        return "Allow this machine, user and database in the server's pg_hba.conf";
    if (hasAny(error, {"authentication failed", "does not exist: role"}))
        return "Correct user and password in the settings, or the server's pg_hba.conf";
    if (hasAny(error,
               {"Connection refused", "No such file or directory\n\tIs the server", "Is the server running"}))
        return "Start the server, or correct host and port in the settings: nothing answers at " + where;
    if (hasAny(error, {"could not translate host name", "Name or service not known"}))
        return "Correct the host in the settings";
    if (hasAny(error, {"timeout expired", "Connection timed out", "No route to host"}))
        return "See whether " + where + " can be reached from this machine";
    if (hasAny(error, {"certificate", "SSL", "root.crt"}))
        return "Correct TLS and certificate authorities in the settings, or the server's certificate";
    if (hasAny(error, {"server version mismatch", "aborting because of server version"}))
        return "Install a client of the server's version, or correct the setting program_folder";
    if (has(error, "lock timeout"))
        return "Dump at another time, let whoever holds the lock end, or raise lock_timeout_seconds";
    if (has(error, "conflict with recovery"))
        return "Dump the primary server, or raise max_standby_streaming_delay on this one";
    if (has(error, "row-level security"))
        return "Run on the server: ALTER ROLE " + identifier(access.user) + " BYPASSRLS;";
    if (has(error, "permission denied for database"))
        return "Run on the server: GRANT CONNECT ON DATABASE " + databaseIn(error) + " TO " +
               identifier(access.user) + ";";
    if (has(error, "permission denied to create database"))
        return "Run on the server: ALTER ROLE " + identifier(access.user) + " CREATEDB;";
    if (has(error, "permission denied"))
        return "Run on the server: " + grantReading(access.user);
    if (hasAny(error, {"unrecognized configuration parameter", "not recognized"}))
        return "Restore it to a server that is not older than what made the dump";
    if (has(error, "locale"))
        return "Make the locale on the server's machine, or create the database by hand and restore with "
               "pg_restore";
    if (has(error, "could not access file") || has(error, "extension control file"))
        return "Install the extension on the server";
    if (hasAny(error,
               {"server closed the connection", "terminating connection", "connection to server was lost"}))
        return "See the server's log: it ended the connection";
    return {};
}

Failure explained(const std::string& what, const Ended& end, const Access& access) {
    const auto reason = reasonIn(end);
    return Failure(what + ": " + reason, hintFor(end.error, access));
}

bool isAboutDatabase(std::string_view error) {
    return hasAny(error, {"database \"", "no pg_hba.conf entry"}) &&
           hasAny(error, {"does not exist", "permission denied for database", "not currently accepting",
                          "no pg_hba.conf entry"});
}

std::vector<std::string> warningsIn(std::string_view error) {
    std::vector<std::string> out;
    bool within = false;
    for (const auto& line : lines(error)) {
        const auto at = line.find("warning: ");
        const bool detail = hasAny(line, {": detail: ", ": hint: "});
        if (at != std::string::npos && at < 40) {
            if (out.size() == kMostWarnings)
                break;
            out.push_back(line.substr(at + 9));
            within = true;
        } else if (within && detail) {
            out.back() += " (" + line.substr(line.find(": ", line.find(": ") + 1) + 2) + ")";
        } else {
            within = false;
        }
    }
    return out;
}

} // namespace postgres
