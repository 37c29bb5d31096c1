#include <sys/random.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "archive.h"
#include "database.h"
#include "globals.h"
#include "hints.h"
#include "notes.h"
#include "programs.h"
#include "quoting.h"
#include "server.h"
#include "steps.h"
#include "streams.h"
#include "throwaway_server.h"

namespace postgres {
namespace {
using agent::plugin::Ended;
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

constexpr std::size_t kLongestName = 63;
constexpr int kSwapTries = 10;

std::string randomName(std::string out) {
    std::array<unsigned char, 8> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw Failure("There are no random numbers");
    for (const auto byte : bytes) {
        out += "0123456789abcdef"[byte >> 4U];
        out += "0123456789abcdef"[byte & 15U];
    }
    return out;
}

std::string list(const std::set<std::string>& names) {
    constexpr std::size_t kMost = 20;
    std::string out;
    std::size_t count = 0;
    for (const auto& name : names) {
        if (count++ == kMost)
            return out + " and " + std::to_string(names.size() - kMost) + " more";
        out += (out.empty() ? "" : ", ") + named(name);
    }
    return out;
}

std::set<std::string> missing(const std::set<std::string>& wanted, const std::set<std::string>& there) {
    std::set<std::string> out;
    std::set_difference(wanted.begin(), wanted.end(), there.begin(), there.end(),
                        std::inserter(out, out.begin()));
    return out;
}

std::set<std::string> namesIn(const Server& server, const std::string& sql) {
    std::set<std::string> out;
    for (auto& row : server.rows(server.maintenance(), sql, 1))
        out.insert(std::move(row.front()));
    return out;
}

/// A newer pg_restore sets what an older server does not know, and goes on. It says how many errors there
/// were in all.
bool onlySettingsUnknown(const Ended& end) {
    constexpr std::string_view kTotal = "errors ignored on restore: ";
    const auto total = end.error.rfind(kTotal);
    if (!end.started || end.signal != 0 || end.timedOut || total == std::string::npos)
        return false;
    int settings = 0;
    for (auto at = end.error.find("unrecognized configuration parameter"); at != std::string::npos;
         at = end.error.find("unrecognized configuration parameter", at + 1))
        ++settings;
    return settings > 0 &&
           end.error.compare(total + kTotal.size(), std::string::npos, std::to_string(settings) + "\n") == 0;
}

/// Ends whoever is connected to it.
std::string dropping(const std::string& database) {
    return "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = " +
           literal(database) + "; DROP DATABASE IF EXISTS " + identifier(database) + ";";
}

/// One restore: into a database of a name that nobody has, which gets its own at the end.
class Restore {
public:
    /// `incoming`: null of a dump in the step's folder.
    Restore(Step& step, Server& server, Incoming* incoming, Archive archive)
        : step_(step), server_(server), incoming_(incoming), archive_(std::move(archive)),
          target_(step.options().value("database", step.item().value("name", std::string()))),
          replace_(step.options().value("replace", false)), temporary_(randomName(kTemporary)) {}

    void run() {
        checkTarget();
        const auto arguments = how();
        Note note(step_, temporary_, {{"database", temporary_}, {"server", server_.access().label()}});
        create();
        try {
            fill(arguments);
            setUp();
            put();
        } catch (...) {
            if (!dropTemporary())
                note.keep();
            throw;
        }
        step_.answer({{"tool", {{"name", "pg_restore"}, {"version", program_.version}}},
                      {"server", server_.describe()},
                      {"database", target_},
                      {"warnings", warnings_}});
    }

private:
    [[nodiscard]] std::string place() const { return server_.maintenance(target_); }
    [[nodiscard]] bool exists(const std::string& name) const {
        return !server_
                    .value(place(), "SELECT 1 FROM pg_catalog.pg_database WHERE datname = " + literal(name))
                    .empty();
    }

    void checkTarget() {
        if (target_.empty() || target_.find('\0') != std::string::npos)
            throw Failure("The restore names no database", "Say under which name it is to stand");
        if (target_.size() > kLongestName)
            throw Failure("The name " + named(target_) + " is too long for a database",
                          "63 bytes at most are possible");
        if (target_ == "template0" || target_ == "template1")
            throw Failure("The database " + target_ + " is a template of the server and is not replaced",
                          "Choose another name");
        if (exists(target_) && !replace_)
            throw Failure("The database " + named(target_) + " exists on " + server_.access().label(),
                          "Choose another name, or say that it is replaced");
    }

    /// The program and what it must leave out here.
    std::vector<std::string> how() {
        const auto made = majorOf(archive_.dumpVersion);
        program_ = programFor(step_, "pg_restore", made, "What made the dump");
        std::vector<std::string> arguments{program_.path, "--no-password"};
        if (program_.major <= server_.major())
            arguments.emplace_back("--exit-on-error");
        const auto roles = namesIn(server_, "SELECT rolname FROM pg_catalog.pg_roles");
        if (const auto unknown = missing(archive_.neededRoles(), roles); !unknown.empty())
            throw Failure("The dump's row policies or user mappings name roles that do not exist on " +
                              server_.access().label() + ": " + list(unknown),
                          "Restore the roles first, or make them: CREATE ROLE …");
        // Somebody who is no superuser can give objects only to roles that it is a member of.
        const auto possible = namesIn(
            server_, "SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(oid, 'MEMBER')");
        if (const auto unknown = missing(archive_.owners(), possible); !unknown.empty()) {
            arguments.emplace_back("--no-owner");
            warn("Everything belongs to " + named(server_.access().user) +
                 " now: owners that do not exist, or that it may not give to: " + list(unknown));
        }
        if (const auto unknown = missing(archive_.grantees(), roles); !unknown.empty()) {
            arguments.emplace_back("--no-privileges");
            warn("Privileges were not restored: roles that do not exist: " + list(unknown));
            withPrivileges_ = false;
        }
        const auto spaces = namesIn(server_, "SELECT spcname FROM pg_catalog.pg_tablespace");
        if (const auto unknown = missing(archive_.tablespaces(), spaces); !unknown.empty()) {
            arguments.emplace_back("--no-tablespaces");
            warn("Everything is in the default tablespace: tablespaces that do not exist: " + list(unknown));
        }
        arguments.push_back("--dbname=" + server_.access().to(temporary_));
        return arguments;
    }

    void create() {
        const auto with = [&](const std::string& options) {
            return "CREATE DATABASE " + identifier(temporary_) + options + ";";
        };
        const auto what = "A database for the restore cannot be made on " + server_.access().label();
        const auto options = archive_.databaseOptions();
        const auto fromItem = optionsFrom(step_.item());
        if (options.empty()) {
            server_.execute(place(), with(fromItem.empty() ? " WITH TEMPLATE = template0" : fromItem), what);
        } else if (const auto end = server_.run(place(), with(options)); !end.ok) {
            // A newer pg_dump writes what an older server does not know; the item has it in the old way.
            if (fromItem.empty() || !server_.run(place(), with(fromItem)).ok)
                throw explained(what, end, server_.access());
        }
    }

    Ended runProgram(std::vector<std::string> arguments) {
        const auto& environment = server_.access().environment;
        if (incoming_ != nullptr)
            return runWith(step_, {.arguments = std::move(arguments), .environment = environment},
                           *incoming_);
        arguments.push_back(jobsOf(step_));
        arguments.push_back(step_.folder());
        const Heartbeat works(step_, 0);
        return step_.run({.arguments = std::move(arguments), .environment = environment});
    }

    void fill(const std::vector<std::string>& arguments) {
        const auto end = runProgram(arguments);
        if (end.ok || onlySettingsUnknown(end)) {
            for (const auto& warning : end.ok ? warningsIn(end.error) : std::vector<std::string>())
                warn(warning);
            return;
        }
        const auto& error = end.error;
        if (error.find("from input file") != std::string::npos ||
            error.find("in archive") != std::string::npos)
            throw Failure("The dump is not complete or damaged: " + reasonIn(end), "Choose another snapshot");
        throw explained("The dump could not be restored: pg_restore", end, server_.access());
    }

    /// What pg_restore does only for the old name.
    void setUp() {
        for (const auto& statement : archive_.databaseStatements(identifier(temporary_))) {
            const bool privilege = statement.starts_with("GRANT") || statement.starts_with("REVOKE");
            if (privilege && !withPrivileges_)
                continue;
            if (statement.starts_with("UPDATE "))
                continue; // of a template
            if (const auto end = server_.run(place(), statement + ";"); !end.ok)
                warn("A setting of the database was not restored: " + reasonIn(end));
        }
        const auto* created = archive_.find("DATABASE");
        if (created == nullptr || created->owner.empty() || created->owner == server_.access().user)
            return;
        if (const auto end = server_.run(place(), "ALTER DATABASE " + identifier(temporary_) + " OWNER TO " +
                                                      identifier(created->owner) + ";");
            !end.ok)
            warn("The database does not belong to " + named(created->owner) + ": " + reasonIn(end));
    }

    /// Gives it its name; what stood there goes only when that is done.
    void put() {
        const auto rename = [](const std::string& from, const std::string& to) {
            return "ALTER DATABASE " + identifier(from) + " RENAME TO " + identifier(to) + ";";
        };
        const bool existed = exists(target_);
        if (existed && !replace_)
            throw Failure("The database " + named(target_) + " was made by somebody else in the meantime",
                          "Choose another name, or say that it is replaced");
        const auto old = randomName("restic_agent_replaced_");
        auto sql = rename(temporary_, target_);
        if (existed)
            sql = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE "
                  "datname = " +
                  literal(target_) + "; BEGIN; " + rename(target_, old) + " " + sql + " COMMIT;";
        Ended end;
        // Somebody may connect again between the two.
        for (int i = 0; i < (existed ? kSwapTries : 1); ++i) {
            end = server_.run(place(), sql);
            if (end.ok || end.error.find("being accessed by other users") == std::string::npos ||
                step_.stopped())
                break;
        }
        if (!end.ok)
            throw explained("The restored database could not get the name " + named(target_), end,
                            server_.access());
        if (!existed)
            return;
        if (const auto dropped = server_.run(place(), "DROP DATABASE " + identifier(old) + ";"); !dropped.ok)
            warn("The database that was replaced is still there as " + old + ": " + reasonIn(dropped));
    }

    bool dropTemporary() {
        const auto end = server_.run(place(), dropping(temporary_));
        if (!end.ok)
            step_.warn("The database " + temporary_ +
                       " of the restore that failed could not be dropped: " + reasonIn(end));
        return end.ok;
    }

    void warn(const std::string& text) { warnings_.push_back(text); }

    Step& step_;
    Server& server_;
    Incoming* incoming_;
    Archive archive_;
    std::string target_;
    bool replace_;
    std::string temporary_;
    Program program_;
    bool withPrivileges_ = true;
    Json warnings_ = Json::array();
};
} // namespace

void cleanup(Step& step) {
    std::string problem;
    forNotesLeftBehind(step, [&](const Json& note) {
        try {
            if (note.contains("folder"))
                if (const auto folder = note["folder"].get<std::string>(); !removeThrowawayServer(folder))
                    throw Failure("The server in " + folder + " could not be stopped or removed");
            if (note.contains("database")) {
                Server server(step);
                if (note.value("server", std::string()) != server.access().label())
                    return false; // of other settings
                server.connect();
                const auto database = note["database"].get<std::string>();
                server.execute(server.maintenance(), dropping(database),
                               "The database " + database +
                                   " of a restore that broke off could not be dropped");
            }
            return true;
        } catch (const Failure& failure) {
            problem = failure.what();
            return false;
        }
    });
    if (!problem.empty())
        throw Failure(problem, "It is tried again after the next run");
}

void restore(Step& step) {
    if (isGlobals(step.item())) {
        restoreGlobals(step);
        return;
    }
    std::optional<Incoming> incoming;
    if (step.folder().empty())
        incoming.emplace(step);
    auto archive = incoming ? contentsOf(*incoming) : contentsOf(step.folder());
    Server server(step);
    server.connect();
    Restore(step, server, incoming ? &*incoming : nullptr, std::move(archive)).run();
}

} // namespace postgres
