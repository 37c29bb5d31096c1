#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

/// Snapshots that a retention no longer keeps: gone from the repository, they go from our lists, and the
/// lights that stood on them look again.
class ForgetKind final : public MaintenanceKind<protocol::ForgetParameters, protocol::ForgetResult> {
public:
    ForgetKind() : MaintenanceKind(protocol::kinds::forget) {}
    void check(const Task& task, const std::optional<Policy>& policy) const override;
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void reported(core::db::Transaction& tx, const Task& task, const core::json::Value& result,
                  core::Instant now) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
};

/// Frees the space; forgets before where it is given a retention.
class PruneKind final : public MaintenanceKind<protocol::ForgetParameters, protocol::PruneResult> {
public:
    PruneKind() : MaintenanceKind(protocol::kinds::prune) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void reported(core::db::Transaction& tx, const Task& task, const core::json::Value& result,
                  core::Instant now) const override;
};

} // namespace restic
