#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

/// What a repository takes up. The counts of its whole are kept over time.
class StatsKind final
    : public SimpleKind<protocol::StatsParameters, protocol::StatsTask, protocol::StatsResult> {
public:
    StatsKind() : SimpleKind(protocol::kinds::stats) {}
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
};

} // namespace restic
