#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/db/database.h"
#include "core/time.h"

/// The seam between the migration runner and the two databases.
namespace core::db {

/// One connection of its own that runs as the URL's role, outside all units of work. One thread.
class MigrationSession {
public:
    virtual ~MigrationSession() = default;
    /// Keeps other runners out until this session ends, and makes sure that roles and rights exist.
    virtual void prepare() = 0;
    virtual bool hasLedger() { return hasTable("schema_migrations"); }
    virtual bool hasTable(const std::string& name) = 0;
    /// Begins a transaction that no other runner can enter.
    virtual void begin() = 0;
    virtual void commit() = 0;
    virtual void rollback() noexcept = 0;
    [[nodiscard]] virtual bool inTransaction() const = 0;
    /// Runs a text of several statements; throws core::Error(kMigrationRefused) with the database's words.
    virtual void script(const std::string& sql) = 0;
    virtual Rows query(std::string_view sql, const Params& params) = 0;
};

/// What both databases implement beside Database.
class MigrationTarget {
public:
    virtual ~MigrationTarget() = default;
    virtual std::unique_ptr<MigrationSession> openMigrationSession() = 0;
    virtual const Clock& clock() const = 0;
};

} // namespace core::db
