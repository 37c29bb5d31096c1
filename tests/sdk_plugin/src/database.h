#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <sqlite3.h>

/// An open SQLite database. Throws agent::plugin::Failure.
class Database {
public:
    enum class Mode { read, create };
    Database(const std::string& file, Mode mode);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Copies all of it, as it is at one moment, while others may write to it.
    void copyTo(Database& other) const;
    /// What is wrong with it; "" if nothing is.
    [[nodiscard]] std::string problem() const;
    /// Rows of each table.
    [[nodiscard]] std::map<std::string, std::int64_t> rows() const;

private:
    [[nodiscard]] std::string first(const std::string& sql) const;

    sqlite3* handle_ = nullptr;
};
