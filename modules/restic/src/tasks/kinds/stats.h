#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

class StatsKind final
    : public SimpleKind<protocol::StatsParameters, protocol::StatsTask, protocol::StatsResult> {
public:
    StatsKind() : SimpleKind(protocol::kinds::stats) {}
};

} // namespace restic
