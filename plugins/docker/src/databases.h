#pragma once

#include <string>
#include <vector>

#include "containers.h"
#include "exec.h"
#include "settings.h"

namespace docker {

/// In the last line of what mysqldump writes.
inline constexpr std::string_view kCompleted = "-- Dump completed";

/// "postgres", "mysql" or "mariadb"
[[nodiscard]] bool isProduct(const std::string& product);

/// How the clients in a container reach its server: as the container's own environment says.
class Database {
public:
    /// Reads files of secrets in the container too. Failure if that does not go.
    Database(const Step& step, const Engine& engine, const Container& container, std::string product);

    [[nodiscard]] bool isPostgres() const noexcept { return product_ == "postgres"; }
    [[nodiscard]] const Container& container() const noexcept { return container_; }
    /// The server's dump program, its version, and its command for one database.
    struct Dumper {
        std::string name;
        std::string version;
        ExecCommand command;
    };
    [[nodiscard]] Dumper dumper(const std::string& database) const;
    [[nodiscard]] std::vector<std::string> names() const;

    /// Executes statements; what they answer, a row in a line. `database` empty: the server's own.
    std::string sql(const std::string& statements, const std::string& database = {}) const;
    /// What they answer as rows of so many fields each, whatever these hold.
    [[nodiscard]] std::vector<std::vector<std::string>>
    rows(const std::string& statements, const std::string& database, std::size_t columns) const;
    /// Whether the server takes queries at the container's address 127.0.0.1. Those that images start for
    /// themselves while they set one up do not, and are gone soon.
    [[nodiscard]] bool answers() const;
    /// "PostgreSQL", "MariaDB" or "MySQL", and which version: as answers of steps have it.
    [[nodiscard]] Json describe() const;
    /// The command that loads a dump from its input.
    [[nodiscard]] ExecCommand loader(const std::string& database) const;
    [[nodiscard]] bool exists(const std::string& database) const;
    [[nodiscard]] bool holdsAnything(const std::string& database) const;
    void create(const std::string& database) const;
    void drop(const std::string& database) const;
    /// A name or a text in SQL.
    [[nodiscard]] std::string name(const std::string& text) const;
    [[nodiscard]] std::string literal(const std::string& text) const;

private:
    [[nodiscard]] std::string secret(const std::vector<std::string>& names) const;
    [[nodiscard]] ExecCommand client(const std::string& database,
                                     const std::vector<std::string>& options = {}) const;
    std::string ask(const ExecCommand& command, const std::string& statements) const;
    [[nodiscard]] std::string firstThere(const std::vector<std::string>& programs,
                                         std::string* version = nullptr) const;

    const Step& step_;
    const Engine& engine_;
    Container container_;
    std::string product_;
    std::string user_;
    std::vector<std::string> environment_;
    mutable std::string client_; // once it was looked for
};

/// The databases that a server in a container has, without its own.
[[nodiscard]] std::vector<std::string> databasesIn(const Step& step, const Engine& engine,
                                                   const Container& container, const std::string& product);

} // namespace docker
