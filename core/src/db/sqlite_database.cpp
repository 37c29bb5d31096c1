#include "db/sqlite_database.h"

#include <fmt/format.h>

#include "fault/failpoint.h"

namespace core::db {

namespace {

class SqliteTransaction final : public Transaction {
public:
    SqliteTransaction(SqliteConnection& connection, const Context& context,
                      std::vector<std::function<void()>>& hooks)
        : connection_(connection), context_(context), hooks_(hooks) {}

    Rows query(std::string_view sql, const Params& params) override {
        if (failure_)
            std::rethrow_exception(failure_);
        try {
            auto rows = connection_.query(sql, params);
            changed_ += rows.affected;
            return rows;
        } catch (...) {
            failure_ = std::current_exception();
            throw;
        }
    }
    std::vector<Rows> batch(const std::vector<Statement>& statements) override {
        std::vector<Rows> results;
        results.reserve(statements.size());
        for (const auto& statement : statements)
            results.push_back(query(statement.sql, statement.params));
        return results;
    }
    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::sqlite; }
    [[nodiscard]] const Uuid& tenant() const override {
        const Uuid* tenant = tenantOf(context_);
        if (tenant == nullptr)
            throw Error(errors::kInternal, "The server failed")
                .withDetail("a system unit of work has no tenant");
        return *tenant;
    }
    void afterCommit(std::function<void()> action) override { hooks_.push_back(std::move(action)); }

    /// Before the end of the unit: throws what a statement threw even if the work swallowed it, then writes
    /// the audit entry that a change owes.
    void settle(const Database::AuditWriter* audit) {
        if (failure_)
            std::rethrow_exception(failure_);
        AuditTrail* trail = pendingTrail(context_);
        if (trail == nullptr || audit == nullptr || !*audit || changed_ == 0)
            return;
        (*audit)(*this, tenantOf(context_), trail->entry);
        if (trail->alongside)
            trail->alongside(*this);
        if (failure_)
            std::rethrow_exception(failure_);
        audited_ = true;
    }
    [[nodiscard]] bool audited() const noexcept { return audited_; }

private:
    SqliteConnection& connection_;
    const Context& context_;
    std::vector<std::function<void()>>& hooks_;
    std::exception_ptr failure_;
    std::int64_t changed_ = 0;
    bool audited_ = false;
};

class SqliteMigrationSession final : public MigrationSession {
public:
    SqliteMigrationSession(const std::string& path, milliseconds busyTimeout)
        : connection_(path, SqliteUse::migration, busyTimeout, milliseconds(0)) {}

    void prepare() override {} // begin() locks the file, and the runner looks again behind the lock
    bool hasTable(const std::string& name) override {
        return !connection_.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1", {name})
                    .empty();
    }
    void begin() override { connection_.query("BEGIN IMMEDIATE"); }
    void commit() override {
        const auto broken = connection_.query("PRAGMA foreign_key_check");
        if (!broken.empty())
            throw Error(kMigrationRefused,
                        fmt::format("it leaves rows of table {} that refer to nothing", broken[0].text(0)));
        connection_.query("COMMIT");
    }
    [[nodiscard]] bool inTransaction() const override { return connection_.inTransaction(); }
    void rollback() noexcept override {
        try {
            if (connection_.inTransaction())
                connection_.query("ROLLBACK");
        } catch (const std::exception&) {
            // The session ends now, and with it whatever was open.
        }
    }
    void script(const std::string& sql) override {
        try {
            connection_.script(sql);
        } catch (const Error& error) {
            if (error.name() == errors::kDatabase.name)
                throw;
            throw Error(kMigrationRefused, connection_.lastMessage());
        } catch (const ConstraintViolation& violation) {
            throw Error(kMigrationRefused, violation.what());
        }
    }
    Rows query(std::string_view sql, const Params& params) override { return connection_.query(sql, params); }

private:
    SqliteConnection connection_;
};

} // namespace

/// One writing unit that waits for its turn. Lives on its caller's stack; the writer touches it only while
/// its state is not `done`.
struct SqliteDatabase::Job {
    enum class State { queued, running, done };
    const Context& context;
    const std::function<void(Transaction&)>& work;
    std::vector<std::function<void()>>& hooks;
    State state = State::queued;
    std::exception_ptr error = nullptr;
    bool audited = false;
};

SqliteDatabase::SqliteDatabase(std::string path, Options options, const Clock& clock, Logger logger)
    : path_(std::move(path)), options_(std::move(options)), clock_(clock), logger_(std::move(logger)),
      writer_((checkSqliteFile(path_), path_), SqliteUse::writer, options_.connectTimeout,
              options_.statementTimeout) {
    thread_ = std::jthread([this](const std::stop_token& stop) { writerLoop(stop); });
}

SqliteDatabase::~SqliteDatabase() {
    thread_.request_stop();
    thread_.join();
}

void SqliteDatabase::setAuditWriter(AuditWriter writer) {
    const std::lock_guard lock(auditMutex_);
    audit_ = std::make_shared<const AuditWriter>(std::move(writer));
}

std::vector<Rows> SqliteDatabase::run(const Context& context, const std::vector<Statement>& statements,
                                      bool writes) {
    std::vector<Rows> results;
    if (!statements.empty())
        runUnit(context, writes, [&](Transaction& tx) { results = tx.batch(statements); });
    return results;
}

void SqliteDatabase::runUnit(const Context& context, bool writes,
                             const std::function<void(Transaction&)>& work) {
    std::vector<std::function<void()>> hooks;
    {
        const UnitGuard guard;
        const SlowLog slow(logger_, context, options_.slowUnit);
        if (writes) {
            write(context, work, hooks);
            fault::reach("after-commit", subjectOf(context));
        } else
            read(context, work, hooks);
    }
    runHooks(hooks, logger_);
}

// ---- readers

class SqliteDatabase::ReaderLease {
public:
    explicit ReaderLease(SqliteDatabase& database) : database_(database) {
        std::unique_lock lock(database_.readersMutex_);
        const auto isFree = [&] {
            return !database_.idleReaders_.empty() || database_.openReaders_ < database_.options_.poolSize;
        };
        if (!isFree())
            ++database_.readerWaits_;
        ++database_.waitingReaders_;
        const bool got = database_.readerFree_.wait_for(lock, database_.options_.acquireDeadline, isFree);
        --database_.waitingReaders_;
        if (!got)
            throw Error(errors::kDatabase,
                        fmt::format("No database connection came free within {} (all {} are busy)",
                                    formatDuration(database_.options_.acquireDeadline),
                                    database_.options_.poolSize));
        if (!database_.idleReaders_.empty()) {
            connection_ = std::move(database_.idleReaders_.back());
            database_.idleReaders_.pop_back();
            return;
        }
        ++database_.openReaders_;
        lock.unlock();
        try {
            connection_ = std::make_unique<SqliteConnection>(database_.path_, SqliteUse::reader,
                                                             database_.options_.connectTimeout,
                                                             database_.options_.statementTimeout);
        } catch (...) {
            const std::lock_guard again(database_.readersMutex_);
            --database_.openReaders_;
            database_.readerFree_.notify_one();
            throw;
        }
    }
    ~ReaderLease() {
        bool clean = false;
        try {
            if (connection_->inTransaction())
                connection_->query("ROLLBACK");
            clean = true;
        } catch (const std::exception&) {
            connection_.reset();
        }
        const std::lock_guard lock(database_.readersMutex_);
        if (clean)
            database_.idleReaders_.push_back(std::move(connection_));
        else
            --database_.openReaders_;
        database_.readerFree_.notify_one();
    }
    ReaderLease(const ReaderLease&) = delete;
    ReaderLease& operator=(const ReaderLease&) = delete;
    SqliteConnection& operator*() { return *connection_; }

private:
    SqliteDatabase& database_;
    std::unique_ptr<SqliteConnection> connection_;
};

void SqliteDatabase::read(const Context& context, const std::function<void(Transaction&)>& work,
                          std::vector<std::function<void()>>& hooks) {
    ReaderLease lease(*this);
    (*lease).query("BEGIN");
    SqliteTransaction tx(*lease, context, hooks);
    try {
        work(tx);
        tx.settle(nullptr);
    } catch (...) {
        ++counters_.rollbacks;
        throw;
    }
    ++counters_.commits;
}

// ---- writer

void SqliteDatabase::write(const Context& context, const std::function<void(Transaction&)>& work,
                           std::vector<std::function<void()>>& hooks) {
    Job job{context, work, hooks};
    std::unique_lock lock(queueMutex_);
    queue_.push_back(&job);
    queued_.notify_one();
    const bool begun =
        finished_.wait_for(lock, options_.acquireDeadline, [&] { return job.state != Job::State::queued; });
    if (!begun) {
        std::erase(queue_, &job);
        throw Error(errors::kDatabase, fmt::format("The database's writer was busy for {}",
                                                   formatDuration(options_.acquireDeadline)));
    }
    finished_.wait(lock, [&] { return job.state == Job::State::done; });
    lock.unlock();
    if (job.error) {
        ++counters_.rollbacks;
        std::rethrow_exception(job.error);
    }
    ++counters_.commits;
    if (job.audited)
        if (AuditTrail* trail = pendingTrail(context)) {
            trail->written = true;
            trail->pending = false;
        }
}

void SqliteDatabase::writerLoop(const std::stop_token& stop) {
    const UnitGuard guard; // units run on this thread
    constexpr std::size_t kGroup = 64;
    for (;;) {
        std::vector<Job*> group;
        {
            std::unique_lock lock(queueMutex_);
            if (!queued_.wait(lock, stop, [&] { return !queue_.empty(); }))
                return; // stop was asked for and nobody waits
            while (!queue_.empty() && group.size() < kGroup) {
                group.push_back(queue_.front());
                queue_.front()->state = Job::State::running;
                queue_.pop_front();
            }
        }
        finished_.notify_all(); // those in the group stop counting their deadline
        commitGroup(group);
        {
            const std::lock_guard lock(queueMutex_);
            for (Job* job : group)
                job->state = Job::State::done;
        }
        finished_.notify_all();
    }
}

void SqliteDatabase::commitGroup(std::vector<Job*>& group) {
    const auto failAll = [&](const std::exception_ptr& error) {
        for (Job* job : group)
            if (!job->error)
                job->error = error;
    };
    try {
        writer_.query("BEGIN IMMEDIATE");
    } catch (...) {
        return failAll(std::current_exception());
    }
    bool anything = false;
    for (Job* job : group) {
        if (!runJob(*job)) {
            // SQLite rolled the whole transaction back (full disk, I/O error): nobody's change is left.
            if (writer_.inTransaction())
                try {
                    writer_.query("ROLLBACK");
                } catch (...) {
                    logger_.error("a rollback failed", {{"error", describeCurrentException()}});
                }
            return failAll(std::make_exception_ptr(Error(errors::kDatabase, "The database gave up the change")
                                                       .withDetail("another unit of the group failed")));
        }
        anything = anything || !job->error;
    }
    try {
        writer_.query(anything ? "COMMIT" : "ROLLBACK");
    } catch (...) {
        const auto reason = describeCurrentException();
        try {
            if (writer_.inTransaction())
                writer_.query("ROLLBACK");
        } catch (...) {
            logger_.error("a rollback failed", {{"error", describeCurrentException()}});
        }
        failAll(std::make_exception_ptr(
            Error(errors::kDatabase, "The database could not store the change").withDetail(reason)));
    }
}

bool SqliteDatabase::runJob(Job& job) {
    std::shared_ptr<const AuditWriter> audit;
    {
        const std::lock_guard lock(auditMutex_);
        audit = audit_;
    }
    try {
        writer_.query("SAVEPOINT unit");
    } catch (...) {
        job.error = std::current_exception();
        return false;
    }
    SqliteTransaction tx(writer_, job.context, job.hooks);
    try {
        job.work(tx);
        tx.settle(audit.get());
        if (writer_.owesForeignKeys())
            throw ConstraintViolation(ConstraintViolation::Kind::foreignKey, {},
                                      "FOREIGN KEY constraint failed");
        fault::reach("before-commit", subjectOf(job.context));
        writer_.query("RELEASE unit");
        job.audited = tx.audited();
        return true;
    } catch (...) {
        job.error = std::current_exception();
    }
    try {
        if (!writer_.inTransaction())
            return false;
        writer_.query("ROLLBACK TO unit");
        writer_.query("RELEASE unit");
        return true;
    } catch (...) {
        return false;
    }
}

DatabaseStats SqliteDatabase::stats() const {
    DatabaseStats stats;
    stats.commits = counters_.commits;
    stats.rollbacks = counters_.rollbacks;
    stats.retries = counters_.retries;
    {
        const std::lock_guard lock(queueMutex_);
        stats.waiting = queue_.size();
    }
    const std::lock_guard lock(readersMutex_);
    stats.waiting += waitingReaders_;
    stats.waits = readerWaits_;
    stats.openConnections = openReaders_ + 1;
    stats.mostConnections = options_.poolSize + 1;
    stats.busyConnections = openReaders_ - idleReaders_.size();
    return stats;
}

void SqliteDatabase::ping() {
    run(SystemContext("ping"), {{"SELECT 1"}}, false);
}

std::unique_ptr<MigrationSession> SqliteDatabase::openMigrationSession() {
    return std::make_unique<SqliteMigrationSession>(path_, options_.connectTimeout);
}

} // namespace core::db
