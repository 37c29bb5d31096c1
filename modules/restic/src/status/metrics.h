#pragma once

#include "core/metrics.h"
#include "status/status_service.h"

namespace restic {

/// What /metrics says of agents, open tasks and targets. What it is given must outlive the registry's
/// collectors.
void registerMetrics(core::metrics::Registry& registry, core::db::Database& database,
                     const core::Clock& clock, StatusService& status);

} // namespace restic
