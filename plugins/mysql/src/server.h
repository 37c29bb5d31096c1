#pragma once

#include <string>
#include <vector>

#include "program.h"

namespace mysql {

using Rows = std::vector<std::vector<std::string>>;

/// The server that the settings name, asked through a client program.
class Server {
public:
    /// Logs in. Failure if that is not possible.
    Server(const Step& step, const Settings& settings);
    /// One that was started for a step: by its socket, as root without a password.
    Server(const Step& step, const Settings& settings, const std::string& socket);

    /// What the statements answer: fields as they are, NULL as "NULL".
    [[nodiscard]] Rows query(const std::string& sql) const;
    void execute(const std::string& sql) const { (void)query(sql); }
    /// Without a Failure: for what may be refused.
    [[nodiscard]] agent::plugin::Ended attempt(const std::string& sql, Rows* rows = nullptr) const;

    /// The beginning of a command line: the program, and how it logs in.
    [[nodiscard]] std::vector<std::string> command(const Program& program) const;
    [[nodiscard]] const Program& client() const noexcept { return client_; }
    /// The dump program for this server's product.
    [[nodiscard]] Program dumpTool() const;

    [[nodiscard]] bool mariadb() const noexcept { return mariadb_; }
    [[nodiscard]] const std::string& version() const noexcept { return version_; }
    /// 101106 for 10.11.6
    [[nodiscard]] int number() const noexcept { return number_; }
    /// user@host, as the server sees this account.
    [[nodiscard]] const std::string& account() const noexcept { return account_; }
    [[nodiscard]] Json describe() const;

private:
    void connect();
    void look();
    void requireTls() const;
    [[nodiscard]] std::string options(bool mariadbClient) const;

    const Step& step_;
    const Settings& settings_;
    std::string socket_;
    bool own_ = false;
    Program client_;
    std::string optionsForMariadb_;
    std::string optionsForMysql_;
    bool mariadb_ = true;
    std::string version_;
    int number_ = 0;
    std::string account_;
};

} // namespace mysql
