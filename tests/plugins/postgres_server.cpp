#include "plugins/postgres_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "support/free_port.h"

namespace test {
namespace {
/// PostgreSQL does not run as root.
std::vector<std::string> asServerUser(std::vector<std::string> command) {
    if (::geteuid() != 0)
        return command;
    std::vector<std::string> out{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"};
    out.insert(out.end(), command.begin(), command.end());
    return out;
}

core::ProcessSpec specOf(std::vector<std::string> command) {
    core::ProcessSpec spec;
    spec.program = command.front();
    spec.arguments.assign(command.begin() + 1, command.end());
    spec.environment = {
        {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}, {"HOME", "/tmp"}, {"LC_ALL", "C.UTF-8"}};
    spec.standardOutput = core::ProcessOutput::capture(std::size_t{64} << 20U);
    spec.standardError = core::ProcessOutput::capture();
    return spec;
}

std::string checked(core::ProcessRunner& runner, const core::ProcessSpec& spec) {
    const auto result = runner.run(spec);
    if (!result)
        throw std::runtime_error(result.error().what());
    if (!result.value().exit.ok())
        throw std::runtime_error(spec.program + ": " + result.value().error);
    auto out = result.value().output;
    while (out.ends_with('\n'))
        out.pop_back();
    return out;
}

/// A new cluster of those programs' version, made once: a copy of it takes a moment.
std::filesystem::path emptyCluster(core::ProcessRunner& runner, const std::string& programs) {
    const auto version = std::filesystem::path(programs + "/..").lexically_normal().parent_path().filename();
    const auto ready = std::filesystem::path(AE_BUILD_DIR) / "tests" / ("postgres-empty-" + version.string());
    if (std::filesystem::exists(ready))
        return ready;
    char pattern[] = "/tmp/postgres-test-XXXXXX"; // where the server's user can write
    if (::mkdtemp(pattern) == nullptr)
        throw std::runtime_error("no folder for a server");
    const std::string folder = pattern;
    ::chmod(pattern, 0777);
    std::ofstream(folder + "/password") << PostgresServer::kPassword << "\n";
    checked(runner, specOf(asServerUser({programs + "initdb", "-D", folder + "/data", "-U", "postgres", "-E",
                                         "UTF8", "--locale=C.UTF-8", "--no-sync", "--auth-local=trust",
                                         "--auth-host=scram-sha-256", "--pwfile=" + folder + "/password"})));
    const auto part = ready.string() + "." + std::to_string(::getpid());
    checked(runner, specOf({"cp", "--archive", folder + "/data", part}));
    std::filesystem::remove_all(folder);
    std::error_code lost; // another test was faster
    std::filesystem::rename(part, ready, lost);
    if (lost)
        std::filesystem::remove_all(part);
    return ready;
}
} // namespace

PostgresServer& PostgresServer::shared() {
    static PostgresServer server;
    return server;
}

PostgresServer::PostgresServer(std::string programs) : programs_(std::move(programs)), port_(freePort()) {
    char pattern[] = "/tmp/postgres-test-XXXXXX";
    if (::mkdtemp(pattern) == nullptr)
        throw std::runtime_error("no folder for a server");
    folder_ = pattern;
    ::chmod(pattern, 0777);
    checked(runner_, specOf({"cp", "--archive", "--reflink=auto", emptyCluster(runner_, programs_).string(),
                             folder_ + "/data"}));
    checked(runner_,
            specOf(asServerUser({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                                 "/CN=db.test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                                 folder_ + "/data/server.key", "-out", folder_ + "/data/server.crt"})));
    std::ofstream(folder_ + "/data/postgresql.conf", std::ios::app)
        << "port = " << port_ << "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '" << folder_
        << "'\nfsync = off\nfull_page_writes = off\nautovacuum = off\nmax_connections = 100\n"
        << "ssl = on\ntimezone = 'Asia/Kolkata'\nlog_statement = 'none'\n";
    start();
}

PostgresServer::~PostgresServer() {
    if (running_)
        control("stop", "immediate");
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::control(const std::string& action, const std::string& mode) {
    std::vector<std::string> command{programs_ + "pg_ctl", action, "-w", "-D", folder_ + "/data", "-l",
                                     folder_ + "/data/log"};
    if (!mode.empty())
        command.insert(command.end(), {"-m", mode});
    auto spec = specOf(asServerUser(command));
    // The server keeps what pg_ctl was given: nobody could wait for the end of a pipe.
    spec.standardOutput = {};
    spec.standardError = {};
    // Of a group of its own, which is ended with its first process.
    spec.inStartersGroup = true;
    checked(runner_, spec);
    running_ = action == "start";
}

void PostgresServer::start() {
    control("start", {});
}

void PostgresServer::stop() {
    control("stop", "fast");
}

void PostgresServer::kill() {
    control("stop", "immediate");
}

core::ProcessSpec PostgresServer::spec(const std::string& name, std::vector<std::string> arguments) const {
    std::vector<std::string> command{programs_ + name,      "-h", folder_,   "-p",
                                     std::to_string(port_), "-U", "postgres"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return specOf(command);
}

std::string PostgresServer::sql(const std::string& statements, const std::string& database) {
    auto call =
        spec("psql", {"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", "--dbname=dbname='" + [&] {
                          std::string out;
                          for (const char c : database)
                              out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
                          return out;
                      }() + "'"});
    const core::SecretFile input(statements);
    call.standardInput = core::ProcessInput::fromDescriptor(input.fd());
    return checked(runner_, call);
}

std::unique_ptr<core::Process> PostgresServer::session(const std::string& statements,
                                                       const std::string& database) {
    auto call = spec("psql", {"-X", "-q", "-d", database, "-c", statements});
    return std::move(runner_.start(call)).value();
}

std::string PostgresServer::program(const std::string& name, std::vector<std::string> arguments) {
    return checked(runner_, spec(name, std::move(arguments)));
}

core::json::Object PostgresServer::settings() const {
    return {{"host", folder_}, {"port", port_}, {"user", "postgres"}};
}

core::json::Object PostgresServer::settingsOf(const std::string& user, const std::string& password) const {
    return {{"host", "127.0.0.1"}, {"port", port_}, {"user", user}, {"password", password}};
}

} // namespace test
