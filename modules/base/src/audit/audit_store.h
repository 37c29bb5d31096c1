#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"

namespace base {

/// One change, as it was written down.
struct AuditRow {
    core::Uuid id;
    std::optional<core::Uuid> tenantId;
    core::Instant at;
    std::string actorKind;
    std::string actorId;
    std::string actorName;
    std::string address;
    std::string requestId;
    std::string action;
    std::string objectType;
    std::string objectId;
    core::json::Text before;
    core::json::Text after;
};

/// Which rows of the log; empty fields do not filter.
struct AuditFilter {
    std::optional<std::string> action = {};
    std::optional<std::string> actorId = {};
    std::optional<std::string> objectType = {};
    std::optional<std::string> objectId = {};
    std::optional<core::Instant> from = {};
    std::optional<core::Instant> to = {};
    std::optional<core::http::Cursor> after = {};
    int limit = 50;
};

/// The audit log: rows are added with the change they describe, and never changed.
class AuditStore {
public:
    explicit AuditStore(const core::Clock& clock) : clock_(clock) {}

    /// What core::db calls in each unit of work that owes an entry.
    void write(core::db::Transaction& tx, const core::Uuid* tenant, const core::AuditEntry& entry) const;
    /// Newest first, one row more than the limit if there are more. Without a tenant: all rows.
    [[nodiscard]] std::vector<AuditRow>
    list(core::db::Transaction& tx, const std::optional<core::Uuid>& tenant, const AuditFilter& filter) const;

    /// The first tenant behind that one that has entries; without one, the first of all. In a system context,
    /// as all below.
    [[nodiscard]] static std::optional<core::Uuid> tenantAfter(core::db::Transaction& tx,
                                                               const std::optional<core::Uuid>& tenant);
    /// Erases the oldest entries of that tenant (or of no tenant) that are older than `before`, at most
    /// `limit`, and keeps the last of them as the anchor of what is left. Returns how many went.
    std::int64_t erase(core::db::Transaction& tx, const std::optional<core::Uuid>& tenant,
                       core::Instant before, int limit) const;

private:
    const core::Clock& clock_;
};

} // namespace base
