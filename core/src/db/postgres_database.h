#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/db/migrate.h"
#include "core/db/open.h"
#include "db/migration_session.h"
#include "db/notify_link.h"
#include "db/postgres_pool.h"
#include "db/unit.h"

namespace core::db {

/// PostgreSQL as the host's database. Every unit of work acts as ae_app for one tenant, or as ae_system.
class PostgresDatabase final : public Database, public MigrationTarget, public NotifyTarget {
public:
    PostgresDatabase(Location location, Options options, const Clock& clock, Logger logger);

    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::postgresql; }
    std::vector<Rows> run(const Context& context, const std::vector<Statement>& statements,
                          bool writes) override;
    void setAuditWriter(AuditWriter writer) override;
    [[nodiscard]] DatabaseStats stats() const override;
    void ping() override;

    std::unique_ptr<MigrationSession> openMigrationSession() override;
    const Clock& clock() const override { return clock_; }
    std::unique_ptr<NotifyLink> makeNotifyLink() override;

protected:
    void runUnit(const Context& context, bool writes, const std::function<void(Transaction&)>& work) override;

private:
    [[nodiscard]] std::shared_ptr<const AuditWriter> auditWriter() const;

    const Options options_;
    const Clock& clock_;
    const Logger logger_;
    Counters counters_;
    mutable std::mutex auditMutex_;
    std::shared_ptr<const AuditWriter> audit_;
    PostgresPool pool_;
};

/// The runner's connection; see MigrationSession.
std::unique_ptr<MigrationSession> makePostgresMigrationSession(const Location& location);

} // namespace core::db
