#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/tenant_limits.h"
#include "core/db/database.h"
#include "core/http/page.h"
#include "core/time.h"

namespace base {

struct TenantRow {
    core::Uuid id;
    std::string name;
    std::int64_t maxAgents = 100;
    std::int64_t maxPolicies = 50;
    core::Instant createdAt;
    core::Instant updatedAt;
};

/// The organisations. What changes here runs in a system context.
class TenantStore final : public TenantLimits {
public:
    explicit TenantStore(const core::Clock& clock) : clock_(clock) {}

    /// Names are for people: several tenants may have the same.
    TenantRow create(core::db::Transaction& tx, const std::string& name,
                     std::optional<std::int64_t> maxAgents = {},
                     std::optional<std::int64_t> maxPolicies = {}) const;
    /// The tenant of the host's own operator, made if there is no tenant at all. Of two at once one makes it.
    void ensureDefault(core::db::Transaction& tx, const std::string& name) const;
    [[nodiscard]] std::optional<TenantRow> findDefault(core::db::Transaction& tx) const;
    [[nodiscard]] std::optional<TenantRow> find(core::db::Transaction& tx, const core::Uuid& id) const;
    /// Oldest first.
    [[nodiscard]] std::vector<TenantRow> findByName(core::db::Transaction& tx, const std::string& name) const;
    /// Throws core::Error(errors::kTenantNotFound).
    [[nodiscard]] TenantRow require(core::db::Transaction& tx, const core::Uuid& id) const;
    /// Stores name and limits.
    void update(core::db::Transaction& tx, TenantRow& tenant) const;
    /// With everything that belongs to it.
    void remove(core::db::Transaction& tx, const core::Uuid& id) const;
    /// Newest first, one more than the limit if there are more; `member` keeps to the tenants that let one
    /// user in.
    [[nodiscard]] std::vector<TenantRow> list(core::db::Transaction& tx,
                                              const std::optional<core::Uuid>& member,
                                              const std::optional<core::http::Cursor>& after,
                                              int limit) const;

    Limits get(core::db::Transaction& tx, const core::Uuid& tenant) override;
    Limits getForCreation(core::db::Transaction& tx, const core::Uuid& tenant) override;

private:
    const core::Clock& clock_;
};

} // namespace base
