#include "policies/skipped_slots.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

void SkippedSlotStore::record(Transaction& tx, const Uuid& policy, const SkippedSlots& skipped) {
    tx.execute(
        "INSERT INTO restic_skipped_slots (tenant_id, policy_id, agent_id, first_slot_us, last_slot_us, "
        "slots, reason, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, policy_id, "
        "agent_id, first_slot_us) DO UPDATE SET last_slot_us = $5, slots = $6, reason = $7, at_us = $8",
        {tx.tenant(), policy, skipped.agent, skipped.first, skipped.last, std::int64_t{skipped.slots},
         skipped.reason, skipped.at});
    tx.execute(
        "DELETE FROM restic_skipped_slots WHERE tenant_id = $1 AND policy_id = $2 AND agent_id = $3 AND "
        "first_slot_us < (SELECT first_slot_us FROM restic_skipped_slots WHERE tenant_id = $1 AND policy_id "
        "= $2 AND agent_id = $3 ORDER BY first_slot_us DESC LIMIT 1 OFFSET $4)",
        {tx.tenant(), policy, skipped.agent, std::int64_t{kMost - 1}});
}

std::vector<SkippedSlots> SkippedSlotStore::list(Transaction& tx, const Uuid& policy) {
    std::vector<SkippedSlots> all;
    for (const auto& row : tx.query(
             "SELECT agent_id, first_slot_us, last_slot_us, slots, reason, at_us FROM restic_skipped_slots "
             "WHERE tenant_id = $1 AND policy_id = $2 ORDER BY first_slot_us DESC, agent_id LIMIT $3",
             {tx.tenant(), policy, std::int64_t{kMost}}))
        all.push_back({row.uuid(0), row.instant(1), row.instant(2), static_cast<int>(row.integer(3)),
                       row.text(4), row.instant(5)});
    return all;
}

} // namespace restic
