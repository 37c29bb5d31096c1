#include "databases.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "sql_text.h"

namespace docker {
namespace {
std::string inQuotes(const std::string& text, char quote) {
    std::string out(1, quote);
    for (const char sign : text)
        out += sign == quote ? std::string(2, quote) : std::string(1, sign);
    return out + quote;
}

std::string firstLine(const std::string& text) {
    return text.substr(0, text.find_first_of("\r\n"));
}

/// A database for libpq, which takes a name with "=" for something else.
std::string connection(const std::string& database) {
    std::string out = "dbname='";
    for (const char sign : database)
        out += sign == '\'' || sign == '\\' ? std::string("\\") + sign : std::string(1, sign);
    return out + "'";
}
} // namespace

bool isProduct(const std::string& product) {
    return product == "postgres" || product == "mysql" || product == "mariadb";
}

Database::Database(const Step& step, const Engine& engine, const Container& container, std::string product)
    : step_(step), engine_(engine), container_(container), product_(std::move(product)) {
    std::string password;
    if (isPostgres()) {
        user_ = secret({"POSTGRES_USER"});
        if (user_.empty())
            user_ = "postgres";
        password = secret({"POSTGRES_PASSWORD"});
        if (!password.empty())
            environment_.push_back("PGPASSWORD=" + password);
        return;
    }
    user_ = "root";
    password = secret({"MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"});
    if (password.empty())
        if (const auto user = secret({"MARIADB_USER", "MYSQL_USER"}); !user.empty()) {
            password = secret({"MARIADB_PASSWORD", "MYSQL_PASSWORD"});
            user_ = user;
        }
    if (!password.empty())
        environment_.push_back("MYSQL_PWD=" + password);
}

std::string Database::secret(const std::vector<std::string>& names) const {
    for (const auto& name : names) {
        if (const auto value = container_.variable(name); !value.empty())
            return value;
        if (const auto file = container_.variable(name + "_FILE"); !file.empty()) {
            const auto read = askInside(step_, engine_, container_.id, {{"cat", file}});
            if (!read.end.ok())
                throw Failure("The file that " + name + "_FILE names could not be read in the container " +
                              container_.name + ": cat " + read.end.describe());
            return firstLine(read.output);
        }
    }
    return {};
}

std::string Database::firstThere(const std::vector<std::string>& programs, std::string* version) const {
    for (const auto& program : programs) {
        const auto asked = askInside(step_, engine_, container_.id, {{program, "--version"}});
        if (!asked.end.ok())
            continue;
        if (version != nullptr)
            *version = firstLine(asked.output);
        return program;
    }
    throw Failure("There is no " + programs.front() + " in the container " + container_.name,
                  "Check its label: it says that there is a server of " + product_);
}

Database::Dumper Database::dumper(const std::string& database) const {
    Dumper out;
    if (isPostgres()) {
        out.name = firstThere({"pg_dump"}, &out.version);
        out.command = {{out.name, "--format=custom", "--compress=0", "--no-password", "--username=" + user_,
                        "--dbname=" + connection(database)},
                       environment_};
    } else {
        out.name = firstThere(product_ == "mariadb" ? std::vector<std::string>{"mariadb-dump", "mysqldump"}
                                                    : std::vector<std::string>{"mysqldump", "mariadb-dump"},
                              &out.version);
        out.command = {{out.name, "--user=" + user_, "--single-transaction", "--quick", "--routines",
                        "--triggers", "--events", "--hex-blob", "--default-character-set=utf8mb4",
                        "--no-tablespaces"},
                       environment_};
        if (out.version.find("MariaDB") == std::string::npos)
            out.command.arguments.emplace_back("--set-gtid-purged=OFF");
        out.command.arguments.insert(out.command.arguments.end(), {"--", database});
    }
    return out;
}

ExecCommand Database::client(const std::string& database, const std::vector<std::string>& options) const {
    ExecCommand out{{}, environment_};
    if (isPostgres()) {
        out.arguments = {"psql",
                         "--no-psqlrc",
                         "--quiet",
                         "--no-align",
                         "--tuples-only",
                         "--no-password",
                         "--set=ON_ERROR_STOP=1",
                         "--username=" + user_,
                         "--dbname=" + connection(database.empty() ? "postgres" : database)};
    } else {
        if (client_.empty())
            client_ = firstThere(product_ == "mariadb" ? std::vector<std::string>{"mariadb", "mysql"}
                                                       : std::vector<std::string>{"mysql", "mariadb"});
        out.arguments = {client_,         "--user=" + user_,
                         "--batch",       "--skip-column-names",
                         "--binary-mode", "--default-character-set=utf8mb4"};
    }
    out.arguments.insert(out.arguments.end(), options.begin(), options.end());
    if (!isPostgres() && !database.empty())
        out.arguments.insert(out.arguments.end(), {"--", database});
    return out;
}

std::string Database::ask(const ExecCommand& command, const std::string& statements) const {
    const auto answer = askInside(step_, engine_, container_.id, command, statements + "\n");
    if (!answer.end.ok())
        throw Failure("The server in the container " + container_.name +
                          " refused: " + command.arguments.front() + " " + answer.end.describe(),
                      "User and password are those of the container's environment");
    return answer.output;
}

std::string Database::sql(const std::string& statements, const std::string& database) const {
    return ask(client(database), statements);
}

std::vector<std::vector<std::string>> Database::rows(const std::string& statements,
                                                     const std::string& database, std::size_t columns) const {
    std::vector<std::vector<std::string>> out;
    if (isPostgres()) {
        std::istringstream fields(
            ask(client(database, {"--field-separator-zero", "--record-separator-zero"}), statements));
        std::vector<std::string> row;
        for (std::string field; std::getline(fields, field, '\0');) {
            row.push_back(std::move(field));
            if (row.size() == columns)
                out.push_back(std::exchange(row, {}));
        }
        return out;
    }
    std::istringstream lines(ask(client(database), statements));
    for (std::string line; std::getline(lines, line);)
        if (auto row = mysql::batchFields(line); row.size() == columns)
            out.push_back(std::move(row));
    return out;
}

bool Database::answers() const {
    const auto command =
        isPostgres() ? client({}, {"--host=127.0.0.1"}) : client({}, {"--protocol=tcp", "--host=127.0.0.1"});
    return askInside(step_, engine_, container_.id, command, "SELECT 1;\n").end.ok();
}

Json Database::describe() const {
    const auto version = firstLine(sql(isPostgres() ? "SHOW server_version;" : "SELECT VERSION();"));
    const bool maria = version.find("MariaDB") != std::string::npos;
    return {{"product", isPostgres() ? "PostgreSQL" : maria ? "MariaDB" : "MySQL"}, {"version", version}};
}

std::vector<std::string> Database::names() const {
    const auto text = sql(isPostgres() ? "SELECT datname FROM pg_database WHERE datallowconn AND NOT "
                                         "datistemplate ORDER BY 1;"
                                       : "SHOW DATABASES;");
    std::vector<std::string> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && (isPostgres() || (line != "information_schema" && line != "performance_schema" &&
                                               line != "sys" && line != "mysql")))
            out.push_back(line);
    return out;
}

ExecCommand Database::loader(const std::string& database) const {
    if (isPostgres())
        return {{"pg_restore", "--exit-on-error", "--no-password", "--username=" + user_,
                 "--dbname=" + connection(database)},
                environment_};
    return client(database);
}

std::string Database::name(const std::string& text) const {
    return inQuotes(text, isPostgres() ? '"' : '`');
}

std::string Database::literal(const std::string& text) const {
    if (isPostgres())
        return inQuotes(text, '\'');
    std::string escaped; // in MySQL a backslash is an escape too
    for (const char sign : text)
        escaped += sign == '\\' ? std::string("\\\\") : std::string(1, sign);
    return inQuotes(escaped, '\'');
}

bool Database::exists(const std::string& database) const {
    return !sql(isPostgres() ? "SELECT 1 FROM pg_database WHERE datname = " + literal(database) + ";"
                             : "SELECT 1 FROM information_schema.schemata WHERE schema_name = " +
                                   literal(database) + ";")
                .empty();
}

bool Database::holdsAnything(const std::string& database) const {
    return !(isPostgres()
                 ? sql("SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
                       "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' LIMIT 1;",
                       database)
                 : sql("SELECT 1 FROM information_schema.tables WHERE table_schema = " + literal(database) +
                       " LIMIT 1; SELECT 1 FROM information_schema.routines WHERE routine_schema = " +
                       literal(database) + " LIMIT 1;"))
                .empty();
}

void Database::create(const std::string& database) const {
    (void)sql("CREATE DATABASE " + name(database) +
              (isPostgres() ? " TEMPLATE template0;" : " CHARACTER SET utf8mb4;"));
}

void Database::drop(const std::string& database) const {
    if (isPostgres())
        (void)sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = " +
                  literal(database) + ";");
    (void)sql("DROP DATABASE IF EXISTS " + name(database) + ";");
}

std::vector<std::string> databasesIn(const Step& step, const Engine& engine, const Container& container,
                                     const std::string& product) {
    return Database(step, engine, container, product).names();
}

} // namespace docker
