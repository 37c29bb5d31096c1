#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "core/db/database.h"
#include "core/time.h"
#include "lru.h"

struct sqlite3;
struct sqlite3_stmt;
namespace Poco::Data {
class Session;
}

namespace core::db {

/// What a connection to the file is for.
enum class SqliteUse { reader, writer, migration };

/// One connection to the SQLite file: opened by Poco Data, used through SQLite's own interface with prepared
/// statements kept. One thread at a time.
class SqliteConnection {
public:
    /// Throws core::Error(kDatabase) when the file cannot be opened or a setting does not take effect.
    SqliteConnection(const std::string& path, SqliteUse use, milliseconds busyTimeout,
                     milliseconds statementTimeout);
    ~SqliteConnection();
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    /// Throws ConstraintViolation, core::Error(kDatabase) or core::Error(kInternal).
    Rows query(std::string_view sql, const Params& params = {});
    /// Several statements, no parameters; the database's own words in the error's detail.
    void script(const std::string& sql);
    [[nodiscard]] bool inTransaction() const noexcept;
    /// True if constraints that were put off until the commit are violated now.
    [[nodiscard]] bool owesForeignKeys() const noexcept;
    /// What went wrong last, in SQLite's words.
    [[nodiscard]] std::string lastMessage() const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

    sqlite3_stmt* prepared(std::string_view sql);
    void bind(sqlite3_stmt* statement, const Params& params, std::string_view sql);
    void applySettings(SqliteUse use, milliseconds busyTimeout);
    [[noreturn]] void raise(std::string_view sql);

    std::unique_ptr<Poco::Data::Session> session_;
    sqlite3* handle_ = nullptr;
    LruMap<Prepared> cache_{256};
    milliseconds statementTimeout_;
    std::chrono::steady_clock::time_point statementDeadline_{};
};

/// Throws core::Error(kDatabase) with a sentence if SQLite cannot work in the folder of that file.
void checkSqliteFolder(const std::string& path);
/// Checks what can be checked of the file before SQLite touches it, and creates it (0600) if it is missing.
/// Throws core::Error(kDatabase) with a sentence.
void checkSqliteFile(const std::string& path);

} // namespace core::db
