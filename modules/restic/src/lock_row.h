#pragma once

#include <string>

#include "core/db/database.h"
#include "core/uuid.h"

namespace restic {

/// Lets nobody else change the row of this tenant until the unit of work ends; rows that refer to it may be
/// made meanwhile. SQLite has one writer anyway. False if there is no such row (on PostgreSQL).
inline bool lockRow(core::db::Transaction& tx, const std::string& table, const core::Uuid& id) {
    return tx.dialect() != core::db::Dialect::postgresql ||
           !tx.query("SELECT 1 FROM " + table + " WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
                     {tx.tenant(), id})
                .empty();
}

} // namespace restic
