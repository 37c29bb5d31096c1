#include "lights/evidence_store.h"

namespace restic {

using core::db::Transaction;

void EvidenceStore::expect(Transaction& tx, const core::Uuid& target, const char* light, core::Instant now) {
    tx.execute(
        "INSERT INTO restic_target_evidence (tenant_id, target_id, light, since_us) VALUES ($1, $2, $3, "
        "$4) ON CONFLICT (tenant_id, target_id, light) DO NOTHING",
        {tx.tenant(), target, light, now});
}

void EvidenceStore::record(Transaction& tx, const core::Uuid& target, const char* light,
                           const EndedWork& work) {
    tx.execute("INSERT INTO restic_target_evidence (tenant_id, target_id, light, since_us, task_id, good, "
               "message, ended_at_us) VALUES ($1, $2, $3, $7, $4, $5, $6, $7) ON CONFLICT (tenant_id, "
               "target_id, light) DO UPDATE SET task_id = $4, good = $5, message = $6, ended_at_us = $7",
               {tx.tenant(), target, light, work.task, work.good, work.message, work.endedAt});
    if (work.good)
        tx.execute(
            "UPDATE restic_target_evidence SET good_task_id = $4, good_at_us = $5 WHERE tenant_id = $1 "
            "AND target_id = $2 AND light = $3",
            {tx.tenant(), target, light, work.task, work.endedAt});
}

} // namespace restic
