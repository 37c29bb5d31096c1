#include "db/postgres_pool.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"

namespace core::db {

using std::chrono::steady_clock;

PostgresPool::PostgresPool(Location location, const Options& options)
    : location_(std::move(location)), options_(options) {}

void PostgresPool::unreachable(const std::string& reason) {
    throw Error(errors::kDatabase,
                fmt::format("The database at {} cannot be reached: {}", location_.shown, reason));
}

PostgresPool::Lease PostgresPool::acquire() {
    std::unique_lock lock(mutex_);
    const auto isFree = [&] { return !idle_.empty() || open_ < options_.poolSize; };
    if (!isFree())
        ++waits_;
    ++waiting_;
    const bool got = free_.wait_for(lock, options_.acquireDeadline, isFree);
    --waiting_;
    if (!got)
        throw Error(errors::kDatabase,
                    fmt::format("No database connection came free within {} (all {} are busy)",
                                formatDuration(options_.acquireDeadline), options_.poolSize));
    std::unique_ptr<PgConnection> connection;
    if (!idle_.empty()) {
        connection = std::move(idle_.back());
        idle_.pop_back();
    } else {
        ++open_;
    }
    const bool fresh = connection == nullptr;
    const auto failed = [&](const std::string& reason) {
        if (fresh)
            --open_;
        else
            idle_.insert(idle_.begin(), std::move(connection));
        free_.notify_one();
        unreachable(reason);
    };
    if (fresh && steady_clock::now() < nextAttempt_)
        failed(lastFailure_);
    lock.unlock();

    if (!fresh && connection->alive())
        return {*this, std::move(connection)};
    lock.lock();
    if (steady_clock::now() < nextAttempt_)
        failed(lastFailure_);
    lock.unlock();
    try {
        if (fresh)
            connection = std::make_unique<PgConnection>(location_, options_.statementTimeout);
        else
            connection->reconnect();
    } catch (const PgConnectionLost& error) {
        const std::string reason = error.what();
        lock.lock();
        backoff_ = std::clamp(backoff_ * 2, milliseconds(100), milliseconds(3000));
        nextAttempt_ = steady_clock::now() + backoff_;
        lastFailure_ = reason;
        failed(reason);
    } catch (...) {
        lock.lock();
        failed("an unexpected failure");
    }
    lock.lock();
    backoff_ = milliseconds(0);
    nextAttempt_ = {};
    lock.unlock();
    return {*this, std::move(connection)};
}

void PostgresPool::giveBack(std::unique_ptr<PgConnection> connection) {
    constexpr auto kIdle = std::chrono::minutes(5);
    std::unique_ptr<PgConnection> old; // closed outside the lock
    connection->idleSince = steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(connection));
        if (idle_.size() > 1 && idle_.back()->idleSince - idle_.front()->idleSince > kIdle) {
            old = std::move(idle_.front());
            idle_.erase(idle_.begin());
            --open_;
        }
    }
    free_.notify_one();
}

std::size_t PostgresPool::open() const {
    const std::lock_guard lock(mutex_);
    return open_;
}
std::size_t PostgresPool::busy() const {
    const std::lock_guard lock(mutex_);
    return open_ - idle_.size();
}
std::size_t PostgresPool::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
}
std::uint64_t PostgresPool::waits() const {
    const std::lock_guard lock(mutex_);
    return waits_;
}

} // namespace core::db
