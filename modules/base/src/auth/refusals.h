#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "audit/audit_store.h"
#include "core/db/database.h"
#include "core/log.h"
#include "core/time.h"

namespace base {

/// Where a request came from.
struct Origin {
    std::string address;
    std::string requestId;
    std::shared_ptr<core::AuditTrail> trail;
};

/// Writes down who was not let in: into the log and the audit log, at most kPerMinute for accounts that exist
/// and as many for all others, so that guessing fills neither. How many were left out stands in the next
/// entry. Never what was typed: people type passwords into the wrong field. Thread-safe.
class Refusals {
public:
    static constexpr int kPerMinute = 60;

    Refusals(core::db::Database& database, const AuditStore& audit, const core::Clock& clock,
             core::Logger log)
        : database_(database), audit_(audit), clock_(clock), log_(std::move(log)) {}

    struct Account {
        core::Uuid id;
        std::string email;
        std::optional<core::Uuid> tenant; ///< in whose audit log it belongs; none: the system's
    };
    /// `why` is a few words: "wrong password".
    void note(const std::string& action, const std::string& why, const std::optional<Account>& account,
              const Origin& origin);

private:
    struct Budget {
        core::Instant since;
        int used = 0;
        std::int64_t leftOut = 0;
    };
    /// How many were left out before this one; nullopt if this one is left out as well.
    std::optional<std::int64_t> take(Budget& budget);

    core::db::Database& database_;
    const AuditStore& audit_;
    const core::Clock& clock_;
    core::Logger log_;
    std::mutex mutex_;
    Budget known_, unknown_;
};

} // namespace base
