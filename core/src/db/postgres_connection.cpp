#include "db/postgres_connection.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <optional>

#include <Poco/Data/PostgreSQL/Connector.h>
#include <Poco/Data/PostgreSQL/SessionHandle.h>
#include <Poco/Data/Session.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/error.h"
#include "db/unit.h"

namespace core::db {

namespace {

using std::chrono::steady_clock;

void registerConnector() {
    static std::once_flag once;
    std::call_once(once, [] { Poco::Data::PostgreSQL::Connector::registerConnector(); });
}

struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

/// libpq's messages end with a line break and may have several lines.
std::string tidy(const char* message) {
    std::string text = message == nullptr ? "" : message;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    for (char& c : text)
        if (c == '\n' || c == '\t')
            c = ' ';
    return text.empty() ? "the server closed the connection" : text;
}

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? "" : text;
}

PgFailure failureOf(const PGresult* result, std::string sql) {
    return {field(result, PG_DIAG_SQLSTATE),        tidy(field(result, PG_DIAG_MESSAGE_PRIMARY).c_str()),
            field(result, PG_DIAG_CONSTRAINT_NAME), field(result, PG_DIAG_TABLE_NAME),
            field(result, PG_DIAG_COLUMN_NAME),     std::move(sql)};
}

bool endsConnection(const PGresult* result) {
    const auto severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity == "FATAL" || severity == "PANIC";
}

// From PostgreSQL's pg_type: their numbers are part of its protocol and never change.
enum : Oid {
    kBool = 16,
    kBytea = 17,
    kInt8 = 20,
    kInt2 = 21,
    kInt4 = 23,
    kOid = 26,
    kFloat4 = 700,
    kFloat8 = 701
};

template <typename T>
T number(std::string_view text) {
    T value{};
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || at != text.data() + text.size())
        throw Error(errors::kInternal, "The server failed to read its database")
            .withDetail("a number that is none");
    return value;
}

Row::Cell cellOf(const PGresult* result, int row, int column) {
    if (PQgetisnull(result, row, column) != 0)
        return nullptr;
    const char* data = PQgetvalue(result, row, column);
    const std::string_view text(data, static_cast<std::size_t>(PQgetlength(result, row, column)));
    switch (PQftype(result, column)) {
    case kBool:
        return std::int64_t{text == "t"};
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
        return number<std::int64_t>(text);
    case kFloat4:
    case kFloat8:
        return number<double>(text);
    case kBytea: {
        std::size_t size = 0;
        const std::unique_ptr<unsigned char, decltype(&PQfreemem)> raw(
            PQunescapeBytea(reinterpret_cast<const unsigned char*>(data), &size), &PQfreemem);
        return std::string(reinterpret_cast<const char*>(raw.get()), size);
    }
    default:
        return std::string(text);
    }
}

Rows rowsOf(const PGresult* result) {
    Rows rows;
    const int count = PQntuples(result);
    const int columns = PQnfields(result);
    rows.rows.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        std::vector<Row::Cell> cells;
        cells.reserve(static_cast<std::size_t>(columns));
        for (int j = 0; j < columns; ++j)
            cells.push_back(cellOf(result, i, j));
        rows.rows.emplace_back(std::move(cells));
    }
    // "INSERT 0 3", "UPDATE 2"; the figure of SELECT counts what was read.
    const std::string_view tag(PQcmdStatus(const_cast<PGresult*>(result)));
    if (tag.starts_with("INSERT") || tag.starts_with("UPDATE") || tag.starts_with("DELETE") ||
        tag.starts_with("MERGE")) {
        const std::string_view tuples(PQcmdTuples(const_cast<PGresult*>(result)));
        if (!tuples.empty())
            rows.affected = number<std::int64_t>(tuples);
    }
    return rows;
}

/// Parameters in the shape that libpq takes; everything as text but bytes.
class Bound {
public:
    explicit Bound(const Params& params) : texts_(params.size()) {
        refuseNul(params);
        for (std::size_t i = 0; i < params.size(); ++i)
            std::visit([&](const auto& value) { add(texts_[i], value); }, params[i].storage());
    }
    [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
    [[nodiscard]] const char* const* values() const { return values_.data(); }
    [[nodiscard]] const int* lengths() const { return lengths_.data(); }
    [[nodiscard]] const int* formats() const { return formats_.data(); }

private:
    void push(const char* value, std::size_t length, int format) {
        values_.push_back(value);
        lengths_.push_back(static_cast<int>(length));
        formats_.push_back(format);
    }
    void add(std::string&, std::nullptr_t) { push(nullptr, 0, 0); }
    void add(std::string&, bool value) { push(value ? "t" : "f", 1, 0); }
    void add(std::string& text, std::int64_t value) {
        text = std::to_string(value);
        push(text.c_str(), text.size(), 0);
    }
    void add(std::string& text, double value) {
        text = fmt::format("{}", value);
        push(text.c_str(), text.size(), 0);
    }
    void add(std::string&, const std::string& value) { push(value.c_str(), value.size(), 0); }
    void add(std::string&, const Bytes& value) { push(value.data.data(), value.data.size(), 1); }

    std::vector<std::string> texts_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

} // namespace

bool PgFailure::retryable() const {
    // Serialisation failure, deadlock; and a cached plan that a migration has made stale.
    return state == "40001" || state == "40P01" || state == "26000" ||
           (state == "0A000" && message.find("cached plan") != std::string::npos);
}

void PgFailure::raise() const {
    const auto detail =
        fmt::format("PostgreSQL {}: {}{}{}", state, message, sql.empty() ? "" : "; in: ", sql);
    using Kind = ConstraintViolation::Kind;
    if (state == "23505" || state == "23P01")
        throw ConstraintViolation(Kind::unique, constraint, message);
    if (state == "23503")
        throw ConstraintViolation(Kind::foreignKey, constraint, message);
    if (state == "23514")
        throw ConstraintViolation(Kind::check, constraint, message);
    if (state == "23502")
        throw ConstraintViolation(Kind::notNull, table + "." + column, message);
    if (state.starts_with("23"))
        throw ConstraintViolation(Kind::other, constraint, message);
    if (state == "57014")
        throw Error(errors::kDatabase, "A statement took too long and was ended").withDetail(detail);
    if (retryable())
        throw Error(errors::kDatabase, "The database undid the change because of others at the same time")
            .withDetail(detail);
    if (state == "22023" && message.find("role \"ae_") != std::string::npos)
        throw Error(errors::kDatabase, "The database is not prepared: run ae-backend migrate")
            .withDetail(detail);
    if (state == "42501" && message.find("set role") != std::string::npos)
        throw Error(errors::kDatabase,
                    "The role of the database URL may not act as ae_app and ae_system: run "
                    "ae-backend migrate, or GRANT ae_app, ae_system TO it")
            .withDetail(detail);
    if (state == "08P01") // placeholders and parameters do not fit
        throw Error(errors::kInternal, "The server failed to use its database").withDetail(detail);
    if (state.starts_with("53") || state.starts_with("58") || state.starts_with("08") ||
        state.starts_with("57P"))
        throw Error(errors::kDatabase, "The database cannot work now").withDetail(detail);
    throw Error(errors::kInternal, "The server failed to use its database").withDetail(detail);
}

PgConnection::PgConnection(const Location& location, milliseconds statementTimeout)
    : statementTimeout_(statementTimeout), passwordFile_(location.passwordFile) {
    registerConnector();
    // Poco 1.11 never frees the PGconn of an attempt that failed (its issue 4231). A server that refuses for
    // hours must not cost memory, so the attempt that may fail is made without it.
    const std::unique_ptr<PGconn, decltype(&PQfinish)> probe(PQconnectdb(location.connectionString.c_str()),
                                                             &PQfinish);
    if (PQstatus(probe.get()) != CONNECTION_OK)
        throw PgConnectionLost(tidy(PQerrorMessage(probe.get())));
    try {
        session_ = std::make_unique<Poco::Data::Session>(Poco::Data::PostgreSQL::Connector::KEY,
                                                         location.connectionString, 10);
        auto* session =
            Poco::AnyCast<Poco::Data::PostgreSQL::SessionHandle*>(session_->getProperty("handle"));
        handle_ = static_cast<PGconn*>(*session);
    } catch (const std::exception&) {
        throw PgConnectionLost(tidy(describeCurrentException().c_str()));
    }
    setUp();
}

PgConnection::~PgConnection() = default;

void PgConnection::configure(const char* sql) {
    const Result result(PQexec(handle_, sql));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
        throw PgConnectionLost(tidy(PQerrorMessage(handle_)));
}

void PgConnection::setUp() {
    broken_ = false;
    cache_.clear();
    expected_.clear();
    PQsetNoticeProcessor(
        handle_, [](void*, const char*) {}, nullptr);
    configure("SET timezone = 'UTC'");
    configure(fmt::format("SET statement_timeout = {}", statementTimeout_.count()).c_str());
    configure("SET idle_in_transaction_session_timeout = '60s'");
    configure("SET bytea_output = 'hex'");
    PQsetnonblocking(handle_, 1);
    PQenterPipelineMode(handle_);
}

void PgConnection::reconnect() {
    PQreset(handle_);
    if (PQstatus(handle_) != CONNECTION_OK)
        throw PgConnectionLost(tidy(PQerrorMessage(handle_)));
    setUp();
}

bool PgConnection::alive() noexcept {
    try {
        if (broken_ || PQstatus(handle_) != CONNECTION_OK)
            return false;
        if (!expected_.empty())
            drain();
        pollfd descriptor{PQsocket(handle_), POLLIN, 0};
        if (::poll(&descriptor, 1, 0) == 0)
            return true;
        // A server that says goodbye to an idle connection, or a notice that concerns nobody.
        if (PQconsumeInput(handle_) == 0 || PQstatus(handle_) != CONNECTION_OK)
            return false;
        descriptor.revents = 0;
        if (::poll(&descriptor, 1, 0) == 0)
            return true;
        return PQconsumeInput(handle_) != 0 && PQstatus(handle_) == CONNECTION_OK;
    } catch (const std::exception&) {
        return false;
    }
}

void PgConnection::queue(Scope scope, std::string_view sql, const Params& params, bool keep) {
    const Bound bound(params);
    const std::string key = static_cast<char>(scope) + std::string(sql);
    auto* known = cache_.find(key);
    if (known == nullptr) {
        Prepared fresh{"s" + std::to_string(++counter_)};
        if (PQsendPrepare(handle_, fresh.name.c_str(), key.c_str() + 1, 0, nullptr) == 0)
            lost();
        expected_.push_back({Expected::Kind::prepare, false, key});
        known = &cache_.add(key, std::move(fresh), [&](Prepared& old) {
            if (PQsendQueryParams(handle_, ("DEALLOCATE " + old.name).c_str(), 0, nullptr, nullptr, nullptr,
                                  nullptr, 0) != 0)
                expected_.push_back({Expected::Kind::statement, false, {}});
        });
    }
    if (PQsendQueryPrepared(handle_, known->name.c_str(), bound.count(), bound.values(), bound.lengths(),
                            bound.formats(), 0) == 0)
        lost();
    expected_.push_back({Expected::Kind::statement, keep, key});
}

std::vector<Rows> PgConnection::exchange() {
    if (PQpipelineSync(handle_) == 0)
        lost();
    expected_.push_back({Expected::Kind::sync, false, {}});
    return drain();
}

void PgConnection::post() {
    if (PQpipelineSync(handle_) == 0)
        lost();
    expected_.push_back({Expected::Kind::sync, false, {}});
    flush(steady_clock::now() + milliseconds(1000));
}

void PgConnection::wait(bool write, steady_clock::time_point deadline) {
    for (;;) {
        if (PQsocket(handle_) < 0)
            lost();
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0)
            lost("the server did not answer in time");
        pollfd descriptor{PQsocket(handle_), static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0};
        const int ready = ::poll(&descriptor, 1, static_cast<int>(std::min<std::int64_t>(left, 60000)));
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return;
    }
}

void PgConnection::flush(steady_clock::time_point deadline) {
    for (;;) {
        const int more = PQflush(handle_);
        if (more == 0)
            return;
        if (more < 0)
            // What the server said before it closed is still to be read.
            return;
        wait(true, deadline);
        // Reading while writing: otherwise both sides could wait for each other with full buffers.
        if (PQconsumeInput(handle_) == 0)
            lost();
    }
}

PGresult* PgConnection::next(steady_clock::time_point deadline) {
    while (PQisBusy(handle_) != 0) {
        wait(PQflush(handle_) > 0, deadline);
        if (PQconsumeInput(handle_) == 0)
            lost();
    }
    return PQgetResult(handle_);
}

std::vector<Rows> PgConnection::drain() {
    // The server ends a statement at its own limit; beyond that it is not reachable any more.
    const auto patience = statementTimeout_.count() > 0 ? statementTimeout_ + milliseconds(5000)
                                                        : milliseconds(std::chrono::hours(24));
    auto deadline = steady_clock::now() + patience;
    flush(deadline);
    std::vector<Rows> wanted;
    std::optional<PgFailure> failure;
    while (!expected_.empty()) {
        const Expected expected = expected_.front();
        const Result result(next(deadline));
        if (result == nullptr) {
            if (PQstatus(handle_) != CONNECTION_OK)
                lost();
            continue; // the mark between two statements
        }
        deadline = steady_clock::now() + patience;
        const auto state = PQresultStatus(result.get());
        if (state == PGRES_PIPELINE_SYNC) {
            if (expected.kind != Expected::Kind::sync)
                lost("the connection is out of step");
            expected_.pop_front();
            continue;
        }
        if (state == PGRES_FATAL_ERROR &&
            (endsConnection(result.get()) || PQstatus(handle_) != CONNECTION_OK))
            lost(tidy(PQresultErrorMessage(result.get())));
        if (expected.kind == Expected::Kind::sync)
            lost("the connection is out of step");
        expected_.pop_front();
        if (state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK) {
            if (expected.kind == Expected::Kind::statement) {
                status_ = PQcmdStatus(result.get());
                if (expected.keep)
                    wanted.push_back(rowsOf(result.get()));
            }
            continue;
        }
        if (expected.kind == Expected::Kind::prepare)
            cache_.erase(expected.key);
        if (state == PGRES_FATAL_ERROR && !failure) {
            failure = failureOf(result.get(), expected.key.empty() ? "" : expected.key.substr(1));
            if (failure->retryable() && expected.kind == Expected::Kind::statement)
                cache_.erase(expected.key);
        }
    }
    if (failure)
        throw PgStatementFailed(std::move(*failure));
    return wanted;
}

Rows PgConnection::simple(const std::string& sql) {
    if (PQpipelineStatus(handle_) != PQ_PIPELINE_OFF)
        PQexitPipelineMode(handle_);
    PQsetnonblocking(handle_, 0);
    const Result result(PQexec(handle_, sql.c_str()));
    const auto state = PQresultStatus(result.get());
    const bool ok = state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK || state == PGRES_EMPTY_QUERY;
    if (!ok && (PQstatus(handle_) != CONNECTION_OK || endsConnection(result.get())))
        lost(tidy(PQerrorMessage(handle_)));
    auto rows = ok ? rowsOf(result.get()) : Rows{};
    auto failure = ok ? PgFailure{} : failureOf(result.get(), {});
    PQsetnonblocking(handle_, 1);
    PQenterPipelineMode(handle_);
    if (!ok)
        throw PgStatementFailed(std::move(failure));
    return rows;
}

bool PgConnection::inTransaction() const noexcept {
    return PQtransactionStatus(handle_) != PQTRANS_IDLE;
}

void PgConnection::lost() {
    lost(tidy(PQerrorMessage(handle_)));
}

void PgConnection::lost(const std::string& reason) {
    broken_ = true;
    expected_.clear();
    cache_.clear();
    // Whatever still arrives must not be taken for the answer to something else.
    ::shutdown(PQsocket(handle_), SHUT_RDWR);
    PQconsumeInput(handle_);
    throw PgConnectionLost(reason);
}

} // namespace core::db
