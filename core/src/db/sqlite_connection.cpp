#include "db/sqlite_connection.h"

#include <chrono>
#include <mutex>
#include <thread>

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Data/Session.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "core/error.h"
#include "db/unit.h"

namespace core::db {

namespace {

void registerConnector() {
    static std::once_flag once;
    std::call_once(once, [] { Poco::Data::SQLite::Connector::registerConnector(); });
}

/// The number of "$12" or "$12::uuid": SQLite reads a PostgreSQL cast as part of the parameter's name.
std::size_t placeholderNumber(const char* name) {
    if (name == nullptr || name[0] != '$')
        return 0;
    std::size_t number = 0;
    for (const char* c = name + 1; *c >= '0' && *c <= '9'; ++c)
        number = number * 10 + static_cast<std::size_t>(*c - '0');
    return number;
}

Row::Cell cellOf(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
        return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
        const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        return data == nullptr ? std::string() : std::string(data, size);
    }
    default:
        return nullptr;
    }
}

/// "UNIQUE constraint failed: t.a, t.b" -> "t.a, t.b"; "index 'x'" -> "x".
std::string constraintOf(std::string_view message) {
    const auto colon = message.find(": ");
    if (colon == std::string_view::npos)
        return {};
    auto name = message.substr(colon + 2);
    if (name.starts_with("index '") && name.ends_with('\''))
        name = name.substr(7, name.size() - 8);
    return std::string(name);
}

/// Leaves a statement ready for its next use, however the use ended.
class Reset {
public:
    explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
    ~Reset() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;

private:
    sqlite3_stmt* statement_;
};

} // namespace

void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

SqliteConnection::SqliteConnection(const std::string& path, SqliteUse use, milliseconds busyTimeout,
                                   milliseconds statementTimeout)
    : statementTimeout_(statementTimeout) {
    registerConnector();
    try {
        session_ = std::make_unique<Poco::Data::Session>(Poco::Data::SQLite::Connector::KEY, path, 5);
        handle_ = Poco::Data::SQLite::Utility::dbHandle(*session_);
    } catch (const std::exception&) {
        throw Error(errors::kDatabase, fmt::format("The SQLite database {} cannot be opened", path))
            .withDetail(describeCurrentException());
    }
    sqlite3_extended_result_codes(handle_, 1);
    applySettings(use, busyTimeout);
    if (statementTimeout_.count() > 0 && use != SqliteUse::migration)
        sqlite3_progress_handler(
            handle_, 20000,
            [](void* self) {
                const auto deadline = static_cast<SqliteConnection*>(self)->statementDeadline_;
                return std::chrono::steady_clock::now() > deadline ? 1 : 0;
            },
            this);
}

SqliteConnection::~SqliteConnection() {
    // SQLite keeps a connection with open statements alive, so they go first.
    cache_.clear();
    sqlite3_progress_handler(handle_, 0, nullptr, nullptr);
    session_.reset();
}

void SqliteConnection::applySettings(SqliteUse use, milliseconds busyTimeout) {
    statementDeadline_ = std::chrono::steady_clock::time_point::max();
    sqlite3_busy_timeout(handle_, static_cast<int>(busyTimeout.count()));
    // "x" must be a name, never silently a text.
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);

    const auto require = [&](std::string_view set, std::string_view get, const Row::Cell& wanted,
                             std::string_view what) {
        query(set);
        const auto rows = query(get);
        const bool ok = rows.size() == 1 && (std::holds_alternative<std::string>(wanted)
                                                 ? rows[0].text(0) == std::get<std::string>(wanted)
                                                 : rows[0].integer(0) == std::get<std::int64_t>(wanted));
        if (!ok)
            throw Error(
                errors::kDatabase,
                fmt::format("SQLite does not accept {}; the database must lie on a local file system", what))
                .withDetail(std::string(set));
    };
    // Of two that make a new file ready at once, one is told that it is locked, without the busy timeout.
    for (const auto until = std::chrono::steady_clock::now() + busyTimeout;;) {
        try {
            require("PRAGMA journal_mode = WAL", "PRAGMA journal_mode", std::string("wal"),
                    "write-ahead logging");
            break;
        } catch (const Error&) {
            if ((sqlite3_errcode(handle_) & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() > until)
                throw;
        }
        std::this_thread::sleep_for(milliseconds(5));
    }
    require("PRAGMA synchronous = FULL", "PRAGMA synchronous", std::int64_t{2}, "synchronous writes");
    // A migration may rebuild a table that others refer to; the runner checks the references before its
    // commit.
    const std::int64_t foreignKeys = use == SqliteUse::migration ? 0 : 1;
    require(foreignKeys == 1 ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF",
            "PRAGMA foreign_keys", foreignKeys, "foreign keys");
    require("SELECT 1", "PRAGMA busy_timeout", static_cast<std::int64_t>(busyTimeout.count()),
            "a busy timeout");
    query("PRAGMA temp_store = MEMORY");
    if (use == SqliteUse::reader)
        require("PRAGMA query_only = ON", "PRAGMA query_only", std::int64_t{1}, "read-only connections");
}

sqlite3_stmt* SqliteConnection::prepared(std::string_view sql) {
    if (auto* known = cache_.find(sql))
        return known->get();
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw,
                           &tail) != SQLITE_OK)
        raise(sql);
    Prepared statement(raw);
    const auto rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    if (raw == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos)
        throw Error(errors::kInternal, "The server failed")
            .withDetail("not exactly one statement: " + std::string(sql));
    return cache_.add(std::string(sql), std::move(statement), [](Prepared&) {}).get();
}

void SqliteConnection::bind(sqlite3_stmt* statement, const Params& params, std::string_view sql) {
    const int count = sqlite3_bind_parameter_count(statement);
    std::vector<bool> used(params.size(), false);
    for (int i = 1; i <= count; ++i) {
        const auto number = placeholderNumber(sqlite3_bind_parameter_name(statement, i));
        if (number == 0 || number > params.size())
            throw Error(errors::kInternal, "The server failed")
                .withDetail(fmt::format("placeholder {} has no parameter: {}", number, sql));
        used[number - 1] = true;
        struct Bind {
            sqlite3_stmt* statement;
            int at;
            int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, at); }
            int operator()(bool v) const { return sqlite3_bind_int(statement, at, v ? 1 : 0); }
            int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, at, v); }
            int operator()(double v) const { return sqlite3_bind_double(statement, at, v); }
            // SQLITE_STATIC: the parameters outlive the statement's run, and Reset clears the bindings.
            int operator()(const std::string& v) const {
                return sqlite3_bind_text64(statement, at, v.data(), v.size(), nullptr, SQLITE_UTF8);
            }
            int operator()(const Bytes& v) const {
                return v.data.empty()
                           ? sqlite3_bind_zeroblob(statement, at, 0)
                           : sqlite3_bind_blob64(statement, at, v.data.data(), v.data.size(), nullptr);
            }
        };
        if (std::visit(Bind{statement, i}, params[number - 1].storage()) != SQLITE_OK)
            raise(sql);
    }
    for (std::size_t i = 0; i < used.size(); ++i)
        if (!used[i])
            throw Error(errors::kInternal, "The server failed")
                .withDetail(fmt::format("parameter {} has no placeholder: {}", i + 1, sql));
}

Rows SqliteConnection::query(std::string_view sql, const Params& params) {
    refuseNul(params);
    auto* statement = prepared(sql);
    const Reset reset(statement);
    bind(statement, params, sql);
    if (statementTimeout_.count() > 0)
        statementDeadline_ = std::chrono::steady_clock::now() + statementTimeout_;

    const auto before = sqlite3_total_changes64(handle_);
    Rows result;
    for (;;) {
        const int code = sqlite3_step(statement);
        if (code == SQLITE_DONE)
            break;
        if (code != SQLITE_ROW)
            raise(sql);
        // Asked for each row: the first step may have compiled the statement again for a changed schema.
        const int columns = sqlite3_data_count(statement);
        std::vector<Row::Cell> cells;
        cells.reserve(static_cast<std::size_t>(columns));
        for (int i = 0; i < columns; ++i)
            cells.push_back(cellOf(statement, i));
        result.rows.emplace_back(std::move(cells));
    }
    // changes() keeps the figure of an older statement unless this one changed something.
    if (sqlite3_total_changes64(handle_) != before)
        result.affected = sqlite3_changes64(handle_);
    return result;
}

void SqliteConnection::script(const std::string& sql) {
    statementDeadline_ = std::chrono::steady_clock::time_point::max();
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        raise({});
}

bool SqliteConnection::inTransaction() const noexcept {
    return sqlite3_get_autocommit(handle_) == 0;
}

bool SqliteConnection::owesForeignKeys() const noexcept {
    int current = 0;
    int high = 0;
    return sqlite3_db_status(handle_, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &high, 0) == SQLITE_OK &&
           current > 0;
}

std::string SqliteConnection::lastMessage() const {
    return sqlite3_errmsg(handle_);
}

void SqliteConnection::raise(std::string_view sql) {
    const int code = sqlite3_extended_errcode(handle_);
    const std::string message = sqlite3_errmsg(handle_);
    const auto detail = fmt::format("SQLite {}: {}{}{}", code, message, sql.empty() ? "" : "; in: ", sql);
    const auto violation = [&](ConstraintViolation::Kind kind) {
        return ConstraintViolation(kind, constraintOf(message), message);
    };
    using Kind = ConstraintViolation::Kind;
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        throw violation(Kind::unique);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        throw violation(Kind::foreignKey);
    case SQLITE_CONSTRAINT_CHECK:
        throw violation(Kind::check);
    case SQLITE_CONSTRAINT_NOTNULL:
        throw violation(Kind::notNull);
    default:
        break;
    }
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        throw violation(Kind::other);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        throw Error(errors::kDatabase, "The database is locked by another process").withDetail(detail);
    case SQLITE_INTERRUPT:
        throw Error(errors::kDatabase, "A statement took too long and was ended").withDetail(detail);
    case SQLITE_FULL:
        throw Error(errors::kDatabase, "The disk of the database is full").withDetail(detail);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        throw Error(errors::kDatabase, "The database file is damaged or is no SQLite database")
            .withDetail(detail);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        throw Error(errors::kDatabase, "The database file cannot be read or written").withDetail(detail);
    case SQLITE_READONLY:
        if (code == SQLITE_READONLY && inTransaction())
            throw Error(errors::kInternal, "The server failed")
                .withDetail("change in a unit that only reads: " + detail);
        throw Error(errors::kDatabase, "The database file is read-only").withDetail(detail);
    default:
        throw Error(errors::kInternal, "The server failed to use its database").withDetail(detail);
    }
}

} // namespace core::db
