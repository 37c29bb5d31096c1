#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "db/url.h"
#include "lru.h"

struct pg_conn;
struct pg_result;
namespace Poco::Data {
class Session;
}

namespace core::db {

/// What PostgreSQL said about a statement that failed.
struct PgFailure {
    std::string state; ///< SQLSTATE
    std::string message;
    std::string constraint;
    std::string table;
    std::string column;
    std::string sql;

    /// The server undid the unit and asks for another try.
    [[nodiscard]] bool retryable() const;
    /// Throws ConstraintViolation, core::Error(kDatabase) or core::Error(kInternal).
    [[noreturn]] void raise() const;
};

/// A statement failed; the connection is in step again.
class PgStatementFailed : public std::runtime_error {
public:
    explicit PgStatementFailed(PgFailure f) : std::runtime_error(f.message), failure(std::move(f)) {}
    PgFailure failure;
};

/// The connection is gone.
class PgConnectionLost : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One connection: owned by a Poco Data session, used through libpq in pipeline mode with prepared statements
/// kept. Statements are queued, then exchanged in one round trip. One thread at a time.
class PgConnection {
public:
    /// Connects. Throws PgConnectionLost with the server's words, never the password.
    PgConnection(const Location& location, milliseconds statementTimeout);
    ~PgConnection();
    PgConnection(const PgConnection&) = delete;
    PgConnection& operator=(const PgConnection&) = delete;

    /// Takes in what has arrived meanwhile. False if the server has gone away.
    [[nodiscard]] bool alive() noexcept;
    /// Connects again in place; a broken PGconn of a Poco session is never freed by it, so it is used again.
    void reconnect();

    /// Which role a statement runs as. A plan is kept for each: some releases of PostgreSQL mixed up the row
    /// security of plans that were made under another role (CVE-2024-10976).
    enum class Scope : char { none = 'n', tenant = 't', system = 's' };
    /// Queues one statement; `keep` says whether its result is wanted.
    void queue(Scope scope, std::string_view sql, const Params& params, bool keep);
    /// Sends what is queued and waits for all answers. Returns the wanted results in order.
    /// Throws PgStatementFailed (the first failure; those after it did not run) or PgConnectionLost.
    std::vector<Rows> exchange();
    /// Sends what is queued; the answers are taken in before the next exchange.
    void post();
    /// Outside pipeline mode: one text of several statements, as it is. For migrations.
    Rows simple(const std::string& sql);

    /// Command tag of the statement that was answered last: "COMMIT", or "ROLLBACK" where it did not commit.
    [[nodiscard]] const std::string& status() const noexcept { return status_; }
    [[nodiscard]] bool inTransaction() const noexcept;
    /// When it was last given back.
    std::chrono::steady_clock::time_point idleSince{};

private:
    struct Expected {
        enum class Kind { prepare, statement, sync } kind;
        bool keep = false;
        std::string key; ///< of the cached statement
    };
    struct Prepared {
        std::string name;
    };

    void setUp();
    void configure(const char* sql);
    void flush(std::chrono::steady_clock::time_point deadline);
    pg_result* next(std::chrono::steady_clock::time_point deadline);
    std::vector<Rows> drain();
    void wait(bool write, std::chrono::steady_clock::time_point deadline);
    [[noreturn]] void lost();
    [[noreturn]] void lost(const std::string& reason);

    std::unique_ptr<Poco::Data::Session> session_;
    pg_conn* handle_ = nullptr;
    milliseconds statementTimeout_;
    std::shared_ptr<const PasswordFile> passwordFile_;
    LruMap<Prepared> cache_{400};
    std::deque<Expected> expected_;
    std::uint64_t counter_ = 0;
    std::string status_;
    bool broken_ = false;
};

} // namespace core::db
