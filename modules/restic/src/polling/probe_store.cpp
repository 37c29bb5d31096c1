#include "polling/probe_store.h"

namespace restic {

void ProbeStore::plan(core::db::Transaction& tx, const core::Uuid& target, core::Instant now) {
    tx.execute("INSERT INTO restic_target_probes (tenant_id, target_id, kind, next_at_us) VALUES "
               "($1, $2, 'snapshots', $3), ($1, $2, 'stats', $3), ($1, $2, 'check', $3) "
               "ON CONFLICT (tenant_id, target_id, kind) DO NOTHING",
               {tx.tenant(), target, now});
}

} // namespace restic
