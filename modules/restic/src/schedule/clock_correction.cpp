#include "schedule/clock_correction.h"

namespace restic {

using core::Instant;

namespace {
/// Sets what lies behind `limit` to `value`: $1 and $2.
struct Correction {
    const char* statement;
    Instant limit;
    Instant value;
};
} // namespace

void ClockCorrection::run(const Fence& fence) {
    const auto now = clock_.now();
    if (lastRun_ && now >= *lastRun_)
        return;
    const auto farthest = now + kFarthest;
    const Correction corrections[]{
        {"UPDATE restic_tasks SET lease_until_us = $2 WHERE lease_until_us > $1 AND status IN ('assigned', "
         "'running', 'unreachable')",
         farthest, now + lease_},
        {"UPDATE restic_tasks SET not_before_us = $2 WHERE not_before_us > $1 AND status = 'queued'",
         farthest, now},
        {"UPDATE restic_tasks SET unsaved_until_us = $2 WHERE unsaved_until_us > $1 AND status = 'queued'",
         farthest, now},
        {"UPDATE restic_agents SET last_seen_at_us = $2 WHERE last_seen_at_us > $1", now + kSkew, now},
        {"UPDATE restic_target_probes SET claim = NULL, claimed_until_us = $2 WHERE claimed_until_us > $1",
         farthest, now},
        {"UPDATE restic_target_probes SET next_at_us = $2, ended_at_us = $2 WHERE ended_at_us > $1",
         now + kSkew, now},
        {"UPDATE restic_target_probes SET good_at_us = $2 WHERE good_at_us > $1", now + kSkew, now},
        {"UPDATE restic_target_evidence SET good_at_us = $2 WHERE good_at_us > $1", now + kSkew, now},
        {"UPDATE restic_target_evidence SET since_us = $2 WHERE since_us > $1", now + kSkew, now},
        {"UPDATE restic_repository_maintenance SET good_at_us = $2 WHERE good_at_us > $1", now + kSkew, now},
        {"UPDATE restic_targets SET last_run_started_at_us = $2, last_run_ended_at_us = $2 WHERE "
         "last_run_started_at_us > $1",
         now + kSkew, now},
        {"UPDATE restic_targets SET latest_snapshot_at_us = $2 WHERE latest_snapshot_at_us > $1", now + kSkew,
         now},
        {"UPDATE restic_agent_policy_links SET skipped_at_us = $2 WHERE skipped_at_us > $1", now + kSkew,
         now},
    };
    std::int64_t corrected = 0;
    for (const auto& [statement, limit, value] : corrections)
        corrected +=
            database_.transact(core::SystemContext("clock correction"), [&](core::db::Transaction& tx) {
                fence(tx);
                return tx.execute(statement, {limit, value});
            });
    if (corrected > 0)
        log_.warn("the clock went back: what was written under the wrong time is corrected",
                  {{"rows", corrected}});
    lastRun_ = now;
}

} // namespace restic
