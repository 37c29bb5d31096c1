#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/db/database.h"
#include "core/db/migrate.h"
#include "core/db/open.h"
#include "db/migration_session.h"
#include "db/sqlite_connection.h"
#include "db/unit.h"

namespace core::db {

/// SQLite as the host's database: one writer thread that commits all waiting units at once, each in a
/// savepoint of its own, and readers beside it.
class SqliteDatabase final : public Database, public MigrationTarget {
public:
    SqliteDatabase(std::string path, Options options, const Clock& clock, Logger logger);
    ~SqliteDatabase() override;

    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::sqlite; }
    std::vector<Rows> run(const Context& context, const std::vector<Statement>& statements,
                          bool writes) override;
    void setAuditWriter(AuditWriter writer) override;
    [[nodiscard]] DatabaseStats stats() const override;
    void ping() override;

    std::unique_ptr<MigrationSession> openMigrationSession() override;
    const Clock& clock() const override { return clock_; }

protected:
    void runUnit(const Context& context, bool writes, const std::function<void(Transaction&)>& work) override;

private:
    struct Job;
    class ReaderLease;

    void read(const Context& context, const std::function<void(Transaction&)>& work,
              std::vector<std::function<void()>>& hooks);
    void write(const Context& context, const std::function<void(Transaction&)>& work,
               std::vector<std::function<void()>>& hooks);
    void writerLoop(const std::stop_token& stop);
    void commitGroup(std::vector<Job*>& group);
    /// Runs one unit in its savepoint. False if the whole transaction is gone.
    bool runJob(Job& job);

    const std::string path_;
    const Options options_;
    const Clock& clock_;
    const Logger logger_;
    Counters counters_;

    mutable std::mutex auditMutex_;
    std::shared_ptr<const AuditWriter> audit_;

    SqliteConnection writer_;
    mutable std::mutex queueMutex_;
    std::condition_variable_any queued_;
    std::condition_variable finished_;
    std::deque<Job*> queue_;

    mutable std::mutex readersMutex_;
    std::condition_variable readerFree_;
    std::vector<std::unique_ptr<SqliteConnection>> idleReaders_;
    std::size_t openReaders_ = 0;
    std::size_t waitingReaders_ = 0;
    std::uint64_t readerWaits_ = 0;

    std::jthread thread_; // last: it uses all of the above
};

} // namespace core::db
