#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/process.h"
#include "support/plugin_driver.h"

namespace test {

/// A PostgreSQL of the tests' own, on a free port of loopback with passwords and on a socket without.
/// Superuser "postgres".
class PostgresServer {
public:
    /// The one that all tests of a process share.
    static PostgresServer& shared();
    /// `programs`: the folder of its programs, which say the version.
    explicit PostgresServer(std::string programs = kPrograms);
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] const std::string& folder() const { return folder_; }
    static constexpr const char* kPassword = "admins-secret-password";

    /// Runs SQL as the superuser and gives what it selects, columns by "|". Throws if it fails.
    std::string sql(const std::string& statements, const std::string& database = "postgres");
    /// A psql that runs on; its statements are in one session.
    std::unique_ptr<core::Process> session(const std::string& statements, const std::string& database);
    /// A program of PostgreSQL against this server, as the superuser; its output.
    std::string program(const std::string& name, std::vector<std::string> arguments);
    /// Settings to reach it, by socket as the superuser.
    [[nodiscard]] core::json::Object settings() const;
    /// The same over TCP.
    [[nodiscard]] core::json::Object settingsOf(const std::string& user, const std::string& password) const;
    /// Ends it as a power failure does, and starts it again.
    void kill();
    void start();
    void stop();

    static constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";

private:
    core::ProcessSpec spec(const std::string& name, std::vector<std::string> arguments) const;
    void control(const std::string& action, const std::string& mode);

    core::SystemProcessRunner runner_;
    std::string programs_;
    std::string folder_;
    int port_;
    bool running_ = false;
};

} // namespace test
