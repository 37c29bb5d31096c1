#pragma once

#include <string>
#include <vector>

#include "agent/plugin_step.h"
#include "programs.h"

namespace postgres {

/// Where a server is and as whom it is asked.
struct Access {
    std::string host;
    int port = 5432;
    std::string user;
    std::string sslMode;
    std::string sslRootCert;
    /// Of every program: where the password is, and that nothing else of this machine is taken for it.
    std::vector<std::string> environment;

    /// The connection string to a database.
    [[nodiscard]] std::string to(const std::string& database) const;
    /// "db-01:5433", "localhost" for a socket.
    [[nodiscard]] std::string label() const;
};

/// From the settings. Throws Failure if a password cannot be read or used.
[[nodiscard]] Access accessOf(const agent::plugin::Step& step);
/// The settings' password; empty if there is none.
[[nodiscard]] std::string passwordOf(const agent::plugin::Step& step);

/// Runs SQL.
class Server {
public:
    Server(const agent::plugin::Step& step, Access access, Program psql)
        : step_(step), access_(std::move(access)), psql_(std::move(psql)) {}
    /// The settings' server, with any psql.
    explicit Server(const agent::plugin::Step& step) : Server(step, accessOf(step), anyPsql(step)) {}

    using Row = std::vector<std::string>;
    /// The rows of one query with that many columns; names in them may hold anything. Throws Failure.
    [[nodiscard]] std::vector<Row> rows(const std::string& database, const std::string& sql,
                                        std::size_t columns) const;
    /// The first column of the first row.
    [[nodiscard]] std::string value(const std::string& database, const std::string& sql) const;
    /// Runs statements, each a transaction of its own, up to the first that fails.
    [[nodiscard]] agent::plugin::Ended run(const std::string& database, const std::string& sql) const;
    /// The same. Throws Failure with `what` could not be done.
    void execute(const std::string& database, const std::string& sql, const std::string& what) const;

    /// Learns version and rights. Throws Failure if the server cannot be asked.
    void connect();
    /// A database that exists whatever is restored; not `other`.
    [[nodiscard]] std::string maintenance(const std::string& other = {}) const;

    [[nodiscard]] const agent::plugin::Step& step() const { return step_; }
    [[nodiscard]] const Access& access() const { return access_; }
    [[nodiscard]] int major() const { return number_ / 10000; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] bool superuser() const { return superuser_; }
    /// "server" of an answer.
    [[nodiscard]] agent::plugin::Json describe() const;

private:
    [[nodiscard]] agent::plugin::Command command(const std::string& database, const std::string& sql) const;

    const agent::plugin::Step& step_;
    Access access_;
    Program psql_;
    std::string maintenance_;
    std::string version_;
    int number_ = 0;
    bool superuser_ = false;
};

} // namespace postgres
