#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/db/value.h"
#include "core/export.h"
#include "core/tenancy.h"

namespace core::db {

enum class Dialect { sqlite, postgresql };

using Context = std::variant<TenantContext, SystemContext>;

/// A statement and its parameters. Placeholders are `$1`, `$2`, … on both dialects; the text should be a
/// constant, so that it is prepared once per connection.
struct Statement {
    std::string sql;
    Params params = {};
};

/// One open unit of work. Valid only inside the function that received it, on its thread. A statement that
/// fails throws and the whole unit is rolled back.
class CORE_EXPORT Transaction {
public:
    virtual ~Transaction();

    virtual Rows query(std::string_view sql, const Params& params = {}) = 0;
    /// Returns the number of rows it changed.
    std::int64_t execute(std::string_view sql, const Params& params = {}) {
        return query(sql, params).affected;
    }
    /// All statements in one round trip on PostgreSQL.
    virtual std::vector<Rows> batch(const std::vector<Statement>& statements) = 0;

    [[nodiscard]] virtual Dialect dialect() const noexcept = 0;
    /// The tenant of this unit; throws core::Error(kInternal) in a system context, where a query must name
    /// its tenant itself.
    [[nodiscard]] virtual const Uuid& tenant() const = 0;
    /// Runs after the commit is durable, on the caller's thread, outside the transaction. Not run on
    /// rollback.
    virtual void afterCommit(std::function<void()> action) = 0;
};

/// A constraint that a statement violated, told apart by the name the caller looks for.
class CORE_EXPORT ConstraintViolation : public std::runtime_error {
public:
    enum class Kind { unique, foreignKey, check, notNull, other };
    ConstraintViolation(Kind kind, std::string constraint, const std::string& message);
    ~ConstraintViolation() override;

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    /// PostgreSQL: the constraint's or index's name. SQLite: "table.column, table.column" or the index's name
    /// or the CHECK's name.
    [[nodiscard]] const std::string& constraint() const noexcept { return constraint_; }

private:
    Kind kind_;
    std::string constraint_;
};

/// Numbers for /metrics and for the bench.
struct DatabaseStats {
    std::uint64_t commits = 0;
    std::uint64_t rollbacks = 0;
    std::uint64_t retries = 0;
    std::uint64_t busyConnections = 0;
    std::uint64_t openConnections = 0;
    std::uint64_t mostConnections = 0; ///< that may be open
    std::uint64_t waiting = 0;         ///< callers, now
    std::uint64_t waits = 0;           ///< times that a caller found no connection free
};

/// The database of the host. Thread-safe. The unit of work is the API: a context, some statements, one
/// commit.
///
/// A unit that was rolled back by a serialisation failure or deadlock, or whose connection was found dead
/// before any statement had run, is run again (up to 3 times): its function must have no effect besides the
/// database; use Transaction::afterCommit for the rest.
///
/// Throws core::Error(kDatabase) when the database cannot be reached or no connection came free before the
/// deadline (5 s), ConstraintViolation for a violated constraint, and whatever the function throws.
class CORE_EXPORT Database {
public:
    virtual ~Database();

    [[nodiscard]] virtual Dialect dialect() const noexcept = 0;

    /// Runs `work` in a transaction and returns what it returns, after the commit is durable.
    template <typename F>
    std::invoke_result_t<F, Transaction&> transact(const Context& context, F&& work) {
        return invoke(context, true, std::forward<F>(work));
    }
    /// The same for work that only reads; changes in it fail.
    template <typename F>
    std::invoke_result_t<F, Transaction&> read(const Context& context, F&& work) {
        return invoke(context, false, std::forward<F>(work));
    }
    /// Statements that do not depend on each other's results: one round trip on PostgreSQL, begin and commit
    /// included. `writes` as above.
    virtual std::vector<Rows> run(const Context& context, const std::vector<Statement>& statements,
                                  bool writes) = 0;

    /// Called inside every unit of work whose context has a pending audit entry, just before the commit.
    using AuditWriter = std::function<void(Transaction&, const Uuid* tenant, const AuditEntry&)>;
    virtual void setAuditWriter(AuditWriter writer) = 0;

    [[nodiscard]] virtual DatabaseStats stats() const = 0;
    /// Cheap liveness probe; throws core::Error(kDatabase) with the reason.
    virtual void ping() = 0;

protected:
    virtual void runUnit(const Context& context, bool writes,
                         const std::function<void(Transaction&)>& work) = 0;

private:
    template <typename F>
    std::invoke_result_t<F, Transaction&> invoke(const Context& context, bool writes, F&& work) {
        using R = std::invoke_result_t<F, Transaction&>;
        if constexpr (std::is_void_v<R>) {
            runUnit(context, writes, [&](Transaction& tx) { work(tx); });
        } else {
            std::optional<R> result;
            runUnit(context, writes, [&](Transaction& tx) { result.emplace(work(tx)); });
            return std::move(*result);
        }
    }
};

/// One step of a module's schema: a file `V0001__create_agents.sql`.
struct Migration {
    int version = 0;
    std::string description; ///< "create agents"
    std::string sql;
    std::string checksum; ///< SHA-256 of the file, hex
};

} // namespace core::db
