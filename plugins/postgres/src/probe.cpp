#include <algorithm>
#include <set>

#include "database.h"
#include "privileges.h"
#include "programs.h"
#include "quoting.h"
#include "server.h"
#include "steps.h"

namespace postgres {
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// What goes into an answer.
struct Found {
    Json items = Json::array();
    Json problems = Json::array();

    void problem(const std::string& item, const std::string& message, const std::string& statement = {},
                 bool warning = false) {
        Json problem{{"item", item}, {"message", message}};
        if (!statement.empty())
            problem["statement"] = statement;
        if (warning)
            problem["warning"] = true;
        problems.push_back(std::move(problem));
    }
};

Json itemOf(const Database& database, bool directory, bool withoutRows) {
    Json item{{"name", database.name},
              {"kind", directory ? "files" : "stream"},
              {"type", "database"},
              {"extension", "dump"},
              {"bytes", database.bytes},
              // Indexes are not dumped, and rows that are left out neither.
              {"needs", withoutRows ? 0 : database.bytes / 2},
              {"owner", database.owner},
              {"encoding", database.encoding},
              {"collate", database.collate},
              {"ctype", database.ctype},
              {"provider", database.provider}};
    if (!database.locale.empty())
        item["locale"] = database.locale;
    return item;
}

void look(const Server& server, const Database& database, Found& found) {
    found.items.push_back(itemOf(database, server.step().text("format") == "directory",
                                 !server.step().texts("exclude_table_data").empty()));
    if (!database.accepts) {
        found.problem(database.name, "The database " + named(database.name) + " accepts no connections",
                      "ALTER DATABASE " + identifier(database.name) + " ALLOW_CONNECTIONS true;");
        return;
    }
    if (!database.mayConnect) {
        found.problem(database.name,
                      "The role " + named(server.access().user) + " may not connect to the database " +
                          named(database.name),
                      "GRANT CONNECT ON DATABASE " + identifier(database.name) + " TO " +
                          identifier(server.access().user) + ";");
        return;
    }
    try {
        for (const auto& missing : missingRights(server, database.name))
            found.problem(database.name, "In the database " + named(database.name) + ": " + missing.message,
                          missing.statement);
    } catch (const Failure& failure) {
        found.problem(database.name, failure.what());
    }
}

/// A name that no database of the answer has: results are told apart by it.
std::string nameOfGlobals(const Found& found) {
    std::string name = kGlobals;
    for (bool taken = true; taken;) {
        taken = std::any_of(found.items.begin(), found.items.end(),
                            [&](const Json& item) { return item.at("name") == name; });
        if (taken)
            name += name == kGlobals ? " of the server" : "'";
    }
    return name;
}

void addGlobals(const Server& server, Found& found) {
    const auto name = nameOfGlobals(found);
    found.items.push_back({{"name", name}, {"kind", "stream"}, {"type", kGlobals}, {"extension", "sql"}});
    if (!server.superuser())
        found.problem(name,
                      "The passwords of roles are not dumped: the role " + named(server.access().user) +
                          " is no superuser",
                      {}, true);
}
} // namespace

void validate(Step& step) {
    if (step.text("host").find(',') != std::string::npos)
        throw Failure("The host names several servers", "Name one server in the settings");
    if (!step.text("password").empty() && !step.text("password_file").empty())
        throw Failure("The settings have a password and a password file", "Take one of them out");
    const auto mode = step.text("ssl_mode", "prefer");
    if (mode.starts_with("verify-") && step.text("ssl_root_cert").empty())
        throw Failure("TLS with " + mode + " needs certificate authorities", "Set ssl_root_cert");
    for (const auto* list : {"databases", "exclude_databases", "exclude_table_data"})
        for (const auto& name : step.texts(list))
            if (name.find('\0') != std::string::npos)
                throw Failure(std::string("A name in ") + list + " holds a NUL", "Correct it");
    (void)passwordOf(step);
}

void probe(Step& step) {
    validate(step);
    Server server(step);
    server.connect();
    Json tools = Json::array();
    const auto need = [&](const char* name) {
        const auto program = programFor(step, name, server.major(), "The server " + server.access().label());
        tools.push_back({{"name", name}, {"version", program.version}, {"path", program.path}});
    };
    need("pg_dump");
    if (step.settings().value("roles", true))
        need("pg_dumpall");
    const auto chosen = step.texts("databases");
    const auto excluded = step.texts("exclude_databases");
    Found found;
    std::set<std::string> existing;
    for (const auto& database : databasesOf(server)) {
        existing.insert(database.name);
        const bool wanted = chosen.empty() ? database.accepts && !database.isTemplate &&
                                                 !database.name.starts_with(kTemporary)
                                           : contains(chosen, database.name);
        if (wanted && !contains(excluded, database.name))
            look(server, database, found);
    }
    for (const auto& name : std::set<std::string>(chosen.begin(), chosen.end()))
        if (!existing.contains(name) && !contains(excluded, name)) {
            found.items.push_back(
                {{"name", name}, {"kind", "stream"}, {"type", "database"}, {"extension", "dump"}});
            found.problem(name, "There is no database " + named(name) + " on " + server.access().label());
        }
    if (step.settings().value("roles", true))
        addGlobals(server, found);
    step.answer({{"server", server.describe()},
                 {"tools", tools},
                 {"items", found.items},
                 {"problems", found.problems}});
}

} // namespace postgres
