#pragma once

#include "core/db/database.h"
#include "core/metrics.h"
#include "core/time.h"

namespace restic {

/// What /metrics says of targets in the names that restic-exporter has, so that dashboards and rules made for
/// it go on working. It reads what looks and reports have left; no scrape runs restic. `database` and `clock`
/// must outlive the registry's collectors.
void registerExporterMetrics(core::metrics::Registry& registry, core::db::Database& database,
                             const core::Clock& clock);

} // namespace restic
