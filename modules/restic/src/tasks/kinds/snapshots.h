#pragma once

#include "core/event/bus.h"
#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

/// What the repository has, against our records: what we did not know is recorded with the run that made it,
/// short ids are completed, and what is gone is marked so.
class SnapshotsKind final
    : public SimpleKind<protocol::NoParameters, protocol::TaskPayload, protocol::SnapshotsResult> {
public:
    explicit SnapshotsKind(core::event::Bus& events)
        : SimpleKind(protocol::kinds::snapshots), events_(events) {}
    [[nodiscard]] std::vector<core::Problem> problemsOfItem(const core::json::Value& item) const override;
    [[nodiscard]] core::json::Array takeItems(core::json::Object& result) const override;
    void received(core::db::Transaction& tx, const Task& task, const std::vector<core::json::Value>& items,
                  core::Instant now) const override;
    void receivedAll(core::db::Transaction& tx, const Task& task, const core::json::Value& result,
                     const HeldItems& held, core::Instant now) const override;

private:
    core::event::Bus& events_;
};

} // namespace restic
