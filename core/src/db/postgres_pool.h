#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/db/open.h"
#include "db/postgres_connection.h"

namespace core::db {

/// The connections of the host. Opened when needed, outside the lock, at most `poolSize`; given back the one
/// used last goes out first, and one that was idle for long is closed. Thread-safe.
class PostgresPool {
public:
    PostgresPool(Location location, const Options& options);

    /// Holds a connection that was alive when it was lent. Gives it back at its end.
    class Lease {
    public:
        Lease(PostgresPool& pool, std::unique_ptr<PgConnection> connection)
            : pool_(&pool), connection_(std::move(connection)) {}
        ~Lease() {
            if (connection_)
                pool_->giveBack(std::move(connection_));
        }
        Lease(Lease&&) = default;
        Lease& operator=(Lease&&) = delete;
        PgConnection& operator*() { return *connection_; }
        PgConnection* operator->() { return connection_.get(); }

    private:
        PostgresPool* pool_;
        std::unique_ptr<PgConnection> connection_;
    };

    /// Throws core::Error(kDatabase): no connection came free before the deadline, or the server cannot be
    /// reached. After a failed attempt the next ones fail at once for a while (100 ms, doubling to 3 s).
    Lease acquire();

    [[nodiscard]] std::size_t open() const;
    [[nodiscard]] std::size_t busy() const;
    [[nodiscard]] std::size_t waiting() const;
    /// How often a caller found no connection free.
    [[nodiscard]] std::uint64_t waits() const;
    [[nodiscard]] const Location& location() const noexcept { return location_; }

private:
    void giveBack(std::unique_ptr<PgConnection> connection);
    [[noreturn]] void unreachable(const std::string& reason);

    const Location location_;
    const Options& options_;
    mutable std::mutex mutex_;
    std::condition_variable free_;
    std::vector<std::unique_ptr<PgConnection>> idle_;
    std::size_t open_ = 0;
    std::size_t waiting_ = 0;
    std::uint64_t waits_ = 0;
    std::chrono::steady_clock::time_point nextAttempt_{};
    milliseconds backoff_{0};
    std::string lastFailure_;
};

} // namespace core::db
