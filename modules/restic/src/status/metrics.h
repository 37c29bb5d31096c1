#pragma once

#include "core/metrics.h"

namespace restic {

/// What /metrics says of agents, open tasks and targets. `database` must outlive the registry's collectors.
void registerMetrics(core::metrics::Registry& registry, core::db::Database& database);

} // namespace restic
