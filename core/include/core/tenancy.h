#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/export.h"
#include "core/json.h"
#include "core/uuid.h"

namespace core {

namespace db {
class Transaction;
}

/// Who changed what, for the audit log. A request carries one; the database layer writes it as a row of the
/// transaction that makes the change, so that neither exists without the other.
struct AuditEntry {
    std::string action;    ///< "restic.policy.created"
    std::string actorKind; ///< user, api_token, agent, registration, system
    std::string actorId;
    std::string actorName;
    std::string address; ///< the caller's IP address
    std::string requestId;
    std::string objectType; ///< "policy"
    std::string objectId;
    json::Value before; ///< without secrets
    json::Value after;  ///< without secrets
    /// Of whoever acts: a unit of work that has to cross tenants is still logged for theirs.
    std::optional<Uuid> tenant = {};
};

/// The audit entry of one request: filled by the handler, written by the first transaction that commits a
/// change. One thread at a time.
struct AuditTrail {
    AuditEntry entry;
    bool pending = false; ///< the route declared an action and no transaction has written it yet
    bool written = false;
    /// Called in that transaction after the entry was written, for what must exist exactly when the change
    /// does.
    std::function<void(db::Transaction&)> alongside = {};

    void object(std::string type, std::string id) {
        entry.objectType = std::move(type);
        entry.objectId = std::move(id);
    }
};

/// Permission to touch the data of one tenant. A query cannot be written without a context: this type, or
/// SystemContext for work that crosses tenants. Cheap to copy.
class CORE_EXPORT TenantContext {
public:
    explicit TenantContext(Uuid tenant, std::shared_ptr<AuditTrail> audit = nullptr)
        : tenant_(tenant), audit_(std::move(audit)) {}

    [[nodiscard]] const Uuid& tenant() const noexcept { return tenant_; }
    [[nodiscard]] const std::shared_ptr<AuditTrail>& audit() const noexcept { return audit_; }

private:
    Uuid tenant_;
    std::shared_ptr<AuditTrail> audit_;
};

/// Work across tenants: sign-in, enrolment, scheduler, sweeps, metrics. `reason` appears in the log of slow
/// or failed units of work.
class CORE_EXPORT SystemContext {
public:
    explicit SystemContext(std::string reason, std::shared_ptr<AuditTrail> audit = nullptr)
        : reason_(std::move(reason)), audit_(std::move(audit)) {}

    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    [[nodiscard]] const std::shared_ptr<AuditTrail>& audit() const noexcept { return audit_; }

private:
    std::string reason_;
    std::shared_ptr<AuditTrail> audit_;
};

} // namespace core
