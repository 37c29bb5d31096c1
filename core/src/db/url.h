#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/db/database.h"
#include "core/time.h"

namespace core::db {

/// A PostgreSQL password as libpq's `passfile`: a file in memory that only this process can open, so that the
/// password stands in no connection string, which Poco Data repeats in its exceptions.
class PasswordFile {
public:
    explicit PasswordFile(std::string_view password);
    ~PasswordFile();
    PasswordFile(const PasswordFile&) = delete;
    PasswordFile& operator=(const PasswordFile&) = delete;
    [[nodiscard]] std::string path() const;
    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_ = -1;
};

/// Where the database is, read from its URL.
struct Location {
    Dialect dialect = Dialect::sqlite;
    std::string path;             ///< SQLite
    std::string connectionString; ///< PostgreSQL: `key=value key=value`, without the password
    std::string password;
    std::shared_ptr<const PasswordFile> passwordFile;
    std::string shown; ///< "host:port/database as user"
    std::string user;  ///< may be empty: libpq's default
};

/// Throws core::Error(kDatabase) with a sentence that contains no password.
Location parseUrl(const std::string& url, milliseconds connectTimeout);

} // namespace core::db
