#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "audit/audit_store.h"
#include "core/db/database.h"
#include "core/log.h"

namespace base {

/// Erases entries of the audit log that are older than they are kept, in small units of work, each tenant for
/// itself.
class AuditPruner {
public:
    /// Entries of one unit of work.
    static constexpr int kBatch = 200;
    /// How long a pass goes on beginning further ones.
    static constexpr core::seconds kPass{20};

    AuditPruner(core::db::Database& database, const core::Clock& clock, const AuditStore& audit,
                core::Logger log);

    /// One pass over all tenants, or as far as its time goes: the next one goes on from there. `fence` is
    /// called first in each unit of work. A tenant whose entries cannot be erased is left out with a line in
    /// the log; the first such failure is thrown at the end.
    void run(core::milliseconds keep, const std::function<void(core::db::Transaction&)>& fence,
             const std::stop_token& stop = {});

private:
    core::db::Database& database_;
    const core::Clock& clock_;
    const AuditStore& audit_;
    core::Logger log_;
    /// Whose turn was the last one; without one the entries of no tenant are the next.
    std::optional<core::Uuid> tenant_;
};

} // namespace base
