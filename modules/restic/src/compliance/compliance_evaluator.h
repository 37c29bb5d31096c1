#pragma once

#include <exception>
#include <functional>
#include <string>

#include "compliance/compliance_store.h"
#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/log.h"
#include "fence.h"
#include "status/status_service.h"

namespace restic {

/// Looks at all targets and writes down what has changed: violations that began or ended, and how each day
/// was. One at a time.
class ComplianceEvaluator {
public:
    /// `kept`: how long days and ended violations are; nullopt: for ever.
    ComplianceEvaluator(core::db::Database& database, const core::Clock& clock, core::event::Bus& events,
                        const StatusService& status, core::Logger log,
                        std::optional<core::milliseconds> kept);

    /// Somebody who has a repository looked at of which there are doubts, and why there are.
    using Doubt =
        std::function<void(core::db::Transaction& tx, const core::Uuid& repository, const std::string& why)>;
    void setDoubt(Doubt doubt) { doubt_ = std::move(doubt); }

    /// All tenants. One whose rows cannot be read is said in the log and stops nobody else's; the first such
    /// failure is thrown at the end.
    void run(const Fence& fence = unfenced);
    /// One tenant, in a unit of work of its own.
    void evaluateTenant(const core::Uuid& tenant, const Fence& fence = unfenced);

private:
    core::db::Database& database_;
    const core::Clock& clock_;
    core::event::Bus& events_;
    const StatusService& status_;
    core::Logger log_;
    std::optional<core::milliseconds> kept_;
    Doubt doubt_;
};

} // namespace restic
