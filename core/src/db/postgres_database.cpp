#include "db/postgres_database.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "core/error.h"
#include "fault/failpoint.h"

namespace core::db {

namespace {

constexpr int kAttempts = 3;
constexpr auto kBegin = "BEGIN";
// A reading unit sees one state of the database throughout, as on SQLite.
constexpr auto kBeginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
// What SET LOCAL ROLE does, but both settings in one prepared statement.
constexpr auto kIdentify = "SELECT set_config('role', $1, true), set_config('app.current_tenant', $2, true)";

PgConnection::Scope scopeOf(const Context& context) {
    return tenantOf(context) != nullptr ? PgConnection::Scope::tenant : PgConnection::Scope::system;
}

void queueBegin(PgConnection& connection, const Context& context, bool writes) {
    const Uuid* tenant = tenantOf(context);
    connection.queue(PgConnection::Scope::none, writes ? kBegin : kBeginReading, {}, false);
    connection.queue(
        PgConnection::Scope::none, kIdentify,
        {tenant != nullptr ? "ae_app" : "ae_system", tenant != nullptr ? tenant->toString() : ""}, false);
}

/// Ends a transaction that must not commit. A connection that cannot even do that is replaced by the pool.
void rollBack(PgConnection& connection) noexcept {
    try {
        connection.queue(PgConnection::Scope::none, "ROLLBACK", {}, false);
        connection.exchange();
    } catch (const std::exception&) {
        // The connection is gone, and the server undoes what it had open.
    }
}

/// A data-changing CTE under a SELECT reports what it read, not what it changed.
bool changesBelowSelect(std::string_view sql) {
    const auto begins = [](std::string_view text, std::string_view word) {
        return std::search(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
                   return std::tolower(static_cast<unsigned char>(a)) == b;
               }) != text.end();
    };
    return begins(sql.substr(0, 16), "with") &&
           (begins(sql, "insert into") || begins(sql, "update ") || begins(sql, "delete from"));
}

class PgTransaction final : public Transaction {
public:
    PgTransaction(PgConnection& connection, const Context& context, bool writes)
        : connection_(connection), context_(context), writes_(writes), scope_(scopeOf(context)) {}
    ~PgTransaction() override {
        if (open_)
            rollBack(connection_);
    }
    PgTransaction(const PgTransaction&) = delete;
    PgTransaction& operator=(const PgTransaction&) = delete;

    Rows query(std::string_view sql, const Params& params) override {
        const Item item{sql, &params};
        return std::move(exchange(&item, 1).front());
    }
    std::vector<Rows> batch(const std::vector<Statement>& statements) override {
        if (statements.empty())
            return {};
        std::vector<Item> items;
        items.reserve(statements.size());
        for (const auto& statement : statements)
            items.push_back({statement.sql, &statement.params});
        return exchange(items.data(), items.size());
    }
    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::postgresql; }
    [[nodiscard]] const Uuid& tenant() const override {
        const Uuid* tenant = tenantOf(context_);
        if (tenant == nullptr)
            throw Error(errors::kInternal, "The server failed")
                .withDetail("a system unit of work has no tenant");
        return *tenant;
    }
    void afterCommit(std::function<void()> action) override { hooks_.push_back(std::move(action)); }

    /// Writes the audit entry that a change owes, then commits.
    void commit(const Database::AuditWriter* audit) {
        if (failure_)
            std::rethrow_exception(failure_);
        if (!open_)
            return; // no statement was run
        AuditTrail* trail = pendingTrail(context_);
        const bool owes = writes_ && trail != nullptr && audit != nullptr && *audit && changed_ != 0;
        if (owes) {
            (*audit)(*this, tenantOf(context_), trail->entry);
            if (trail->alongside)
                trail->alongside(*this);
        }
        if (failure_)
            std::rethrow_exception(failure_);
        guarded([&] {
            connection_.queue(PgConnection::Scope::none, "COMMIT", {}, false);
            if (!writes_) {
                // Nothing can go wrong with it any more: its answer need not be waited for, and a connection
                // that dies now has given all it was asked for.
                open_ = false;
                try {
                    connection_.post();
                } catch (const PgConnectionLost&) {
                }
                return;
            }
            committing_ = true;
            fault::reach("before-commit", subjectOf(context_));
            connection_.exchange();
            open_ = false;
            if (connection_.status() != "COMMIT")
                throw Error(errors::kDatabase, "The database undid the change");
        });
        if (owes) {
            trail->written = true;
            trail->pending = false;
        }
    }

    /// True if the unit was undone in a way that asks for another try.
    [[nodiscard]] bool again() const noexcept { return again_; }
    std::vector<std::function<void()>>& hooks() noexcept { return hooks_; }

private:
    struct Item {
        std::string_view sql;
        const Params* params;
    };

    std::vector<Rows> exchange(const Item* items, std::size_t count) {
        if (failure_)
            std::rethrow_exception(failure_);
        std::vector<Rows> results;
        guarded([&] {
            if (!open_) {
                open_ = true;
                queueBegin(connection_, context_, writes_);
            }
            for (std::size_t i = 0; i < count; ++i)
                connection_.queue(scope_, items[i].sql, *items[i].params, true);
            results = connection_.exchange();
            answered_ = true;
        });
        for (std::size_t i = 0; i < count; ++i) {
            changed_ += results.at(i).affected;
            if (writes_ && !results[i].empty() && results[i].affected == 0 &&
                changesBelowSelect(items[i].sql))
                ++changed_;
        }
        return results;
    }

    /// Turns what the connection throws into what the contract says, and remembers it: work that swallows the
    /// failure of a statement must not commit.
    template <typename F>
    void guarded(F&& action) {
        try {
            try {
                action();
            } catch (const PgStatementFailed& failed) {
                again_ = failed.failure.retryable();
                failed.failure.raise();
            } catch (const PgConnectionLost& lost) {
                open_ = false;
                if (committing_)
                    throw Error(errors::kDatabase,
                                "The database connection was lost during the commit: whether the "
                                "change is stored is not known")
                        .withDetail(lost.what());
                again_ = !answered_ || !writes_;
                throw Error(errors::kDatabase, "The database connection was lost").withDetail(lost.what());
            }
        } catch (...) {
            failure_ = std::current_exception();
            throw;
        }
    }

    PgConnection& connection_;
    const Context& context_;
    const bool writes_;
    const PgConnection::Scope scope_;
    std::vector<std::function<void()>> hooks_;
    std::exception_ptr failure_;
    std::int64_t changed_ = 0;
    bool open_ = false;       ///< BEGIN was sent and neither COMMIT nor ROLLBACK was answered
    bool answered_ = false;   ///< a statement of the unit has run
    bool committing_ = false; ///< COMMIT was sent
    bool again_ = false;
};

void pauseBeforeRetry(int attempt) {
    std::this_thread::sleep_for(milliseconds(5 * attempt));
}

} // namespace

PostgresDatabase::PostgresDatabase(Location location, Options options, const Clock& clock, Logger logger)
    : options_(std::move(options)), clock_(clock), logger_(std::move(logger)),
      pool_(std::move(location), options_) {
    pool_.acquire(); // proves that the server can be reached
}

void PostgresDatabase::setAuditWriter(AuditWriter writer) {
    const std::lock_guard lock(auditMutex_);
    audit_ = std::make_shared<const AuditWriter>(std::move(writer));
}

std::shared_ptr<const Database::AuditWriter> PostgresDatabase::auditWriter() const {
    const std::lock_guard lock(auditMutex_);
    return audit_;
}

void PostgresDatabase::runUnit(const Context& context, bool writes,
                               const std::function<void(Transaction&)>& work) {
    std::vector<std::function<void()>> hooks;
    {
        const UnitGuard guard;
        const SlowLog slow(logger_, context, options_.slowUnit);
        const auto audit = auditWriter();
        for (int attempt = 1;; ++attempt) {
            auto lease = pool_.acquire();
            PgTransaction tx(*lease, context, writes);
            try {
                work(tx);
                tx.commit(audit.get());
                ++counters_.commits;
                hooks = std::move(tx.hooks());
                if (writes)
                    fault::reach("after-commit", subjectOf(context));
                break;
            } catch (...) {
                ++counters_.rollbacks;
                // The work may have thrown something of its own instead of what its statement threw.
                if (!tx.again() || attempt > kAttempts)
                    throw;
                ++counters_.retries;
            }
            pauseBeforeRetry(attempt);
        }
    }
    runHooks(hooks, logger_);
}

std::vector<Rows> PostgresDatabase::run(const Context& context, const std::vector<Statement>& statements,
                                        bool writes) {
    if (statements.empty())
        return {};
    if (writes && pendingTrail(context) != nullptr) {
        // Whether an audit entry is due shows only once the statements have run.
        std::vector<Rows> results;
        runUnit(context, true, [&](Transaction& tx) { results = tx.batch(statements); });
        return results;
    }
    const UnitGuard guard;
    const SlowLog slow(logger_, context, options_.slowUnit);
    for (const auto& statement : statements)
        refuseNul(statement.params);
    const auto scope = scopeOf(context);
    for (int attempt = 1;; ++attempt) {
        auto lease = pool_.acquire();
        try {
            queueBegin(*lease, context, writes);
            for (const auto& statement : statements)
                lease->queue(scope, statement.sql, statement.params, true);
            lease->queue(PgConnection::Scope::none, "COMMIT", {}, false);
            if (writes)
                fault::reach("before-commit", subjectOf(context));
            auto results = lease->exchange();
            if (lease->status() != "COMMIT")
                throw Error(errors::kDatabase, "The database undid the change");
            ++counters_.commits;
            if (writes)
                fault::reach("after-commit", subjectOf(context));
            return results;
        } catch (const PgStatementFailed& failed) {
            ++counters_.rollbacks;
            rollBack(*lease);
            if (!failed.failure.retryable() || attempt > kAttempts)
                failed.failure.raise();
        } catch (const PgConnectionLost& lost) {
            ++counters_.rollbacks;
            if (writes)
                throw Error(errors::kDatabase,
                            "The database connection was lost during the commit: whether the change "
                            "is stored is not known")
                    .withDetail(lost.what());
            if (attempt > kAttempts)
                throw Error(errors::kDatabase, "The database connection was lost").withDetail(lost.what());
        }
        ++counters_.retries;
        pauseBeforeRetry(attempt);
    }
}

DatabaseStats PostgresDatabase::stats() const {
    DatabaseStats stats;
    stats.commits = counters_.commits;
    stats.rollbacks = counters_.rollbacks;
    stats.retries = counters_.retries;
    stats.openConnections = pool_.open();
    stats.busyConnections = pool_.busy();
    stats.mostConnections = options_.poolSize;
    stats.waiting = pool_.waiting();
    stats.waits = pool_.waits();
    return stats;
}

void PostgresDatabase::ping() {
    run(SystemContext("ping"), {{"SELECT 1"}}, false);
}

std::unique_ptr<MigrationSession> PostgresDatabase::openMigrationSession() {
    return makePostgresMigrationSession(pool_.location());
}

} // namespace core::db
