#include "server.h"

#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hints.h"
#include "quoting.h"
#include "streams.h"

namespace postgres {
namespace {
using agent::plugin::Command;
using agent::plugin::Ended;
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

constexpr auto kConnectTimeout = "15";
constexpr auto kQueryTimeout = std::chrono::minutes(10);

std::string readAllOf(int descriptor) {
    std::string out;
    char block[65536];
    ::lseek(descriptor, 0, SEEK_SET);
    for (;;) {
        const auto count = ::read(descriptor, block, sizeof block);
        if (count <= 0)
            return out;
        out.append(block, static_cast<std::size_t>(count));
    }
}
} // namespace

std::string passwordOf(const Step& step) {
    auto password = step.text("password");
    if (const auto file = step.text("password_file"); password.empty() && !file.empty()) {
        std::ifstream in(file, std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        if (!in)
            throw Failure("The password file " + file + " cannot be read",
                          "Correct the setting password_file, or the rights of the file");
        password = text.str();
        if (password.ends_with('\n'))
            password.pop_back();
        if (password.empty())
            throw Failure("The password file " + file + " is empty", "Write the password into it");
    }
    // One line of a file is what a client of PostgreSQL takes.
    if (password.find_first_of(std::string("\r\n\0", 3)) != std::string::npos)
        throw Failure("The password has a line break in it, which PostgreSQL's programs cannot be given",
                      "Give the role another password");
    return password;
}

Access accessOf(const Step& step) {
    Access access;
    access.host = step.text("host", "localhost");
    access.port = step.settings().value("port", 5432);
    access.user = step.text("user", "postgres");
    access.sslMode = step.text("ssl_mode", "prefer");
    access.sslRootCert = step.text("ssl_root_cert");
    const auto password = passwordOf(step);
    // A file that does not exist: the one of this machine's user must not answer for the settings.
    access.environment = {"PGPASSFILE=" + (password.empty() ? step.workFolder() + "/no-password"
                                                            : step.secretFile(passwordLine(password))),
                          std::string("PGCONNECT_TIMEOUT=") + kConnectTimeout, "PGAPPNAME=restic-agent",
                          "PGCLIENTENCODING=UTF8"};
    return access;
}

std::string Access::to(const std::string& database) const {
    auto text = conninfo("dbname", database) + " " + conninfo("host", host) + " " +
                conninfo("port", std::to_string(port)) + " " + conninfo("user", user);
    if (!sslMode.empty())
        text += " " + conninfo("sslmode", sslMode);
    if (!sslRootCert.empty())
        text += " " + conninfo("sslrootcert", sslRootCert);
    return text;
}

std::string Access::label() const {
    const auto name = host.starts_with('/') || host.starts_with('@') ? std::string("localhost") : host;
    return port == 5432 ? name : name + ":" + std::to_string(port);
}

Command Server::command(const std::string& database, const std::string& sql) const {
    return {.arguments = {psql_.path, "-X", "-q", "-A", "-t", "-z", "-0", "--no-password", "-v",
                          "ON_ERROR_STOP=1", "--dbname=" + access_.to(database)},
            .environment = access_.environment,
            .inputText = sql,
            .timeout = kQueryTimeout};
}

Ended Server::run(const std::string& database, const std::string& sql) const {
    return step_.run(command(database, sql));
}

void Server::execute(const std::string& database, const std::string& sql, const std::string& what) const {
    if (const auto end = run(database, sql); !end.ok)
        throw explained(what, end, access_);
}

std::vector<Server::Row> Server::rows(const std::string& database, const std::string& sql,
                                      std::size_t columns) const {
    // Not captured: that is limited.
    const Descriptor file(::memfd_create("rows", MFD_CLOEXEC));
    if (file.fd() < 0)
        throw Failure("There is no memory for the answer of the server");
    auto asking = command(database, sql);
    asking.output = file.fd();
    if (const auto end = step_.run(asking); !end.ok)
        throw explained("The server " + access_.label() + " cannot be asked", end, access_);
    std::vector<Row> out;
    Row row;
    const auto text = readAllOf(file.fd());
    for (std::size_t at = 0; at < text.size();) {
        auto end = text.find('\0', at);
        if (end == std::string::npos)
            end = text.size();
        row.push_back(text.substr(at, end - at));
        at = end + 1;
        if (row.size() == columns) {
            out.push_back(std::move(row));
            row.clear();
        }
    }
    return out;
}

std::string Server::value(const std::string& database, const std::string& sql) const {
    const auto all = rows(database, sql, 1);
    return all.empty() ? std::string() : all.front().front();
}

std::string Server::maintenance(const std::string& other) const {
    if (maintenance_ != other || other.empty())
        return maintenance_;
    return other == "template1" ? "postgres" : "template1";
}

void Server::connect() {
    std::vector<std::string> databases{"postgres", "template1"};
    for (const auto& name : step_.texts("databases"))
        if (databases.size() < 6)
            databases.push_back(name);
    Ended end;
    for (const auto& database : databases) {
        end =
            run(database, "SELECT current_setting('server_version_num'), current_setting('server_version'), "
                          "(SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)");
        if (end.ok) {
            const auto first = end.output.find('\0');
            const auto second = end.output.find('\0', first + 1);
            if (first == std::string::npos || second == std::string::npos)
                break;
            std::from_chars(end.output.data(), end.output.data() + first, number_);
            version_ = end.output.substr(
                first + 1, end.output.find_first_of(std::string(" \0", 2), first + 1) - first - 1);
            superuser_ = end.output.compare(second + 1, 1, "t") == 0;
            maintenance_ = database;
            return;
        }
        // The next one only if it is this database that is in the way.
        if (!isAboutDatabase(end.error))
            break;
    }
    throw explained("The server " + access_.label() + " cannot be asked", end, access_);
}

Json Server::describe() const {
    return {{"label", access_.label()}, {"product", "PostgreSQL"}, {"version", version_}};
}

} // namespace postgres
