#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// Slots of one agent's policy that became no backup of their own, one after the other.
struct SkippedSlots {
    core::Uuid agent;
    core::Instant first;
    core::Instant last;
    int slots = 1;
    std::string reason; ///< a sentence
    core::Instant at;   ///< when it was found
};

/// Rows of restic_skipped_slots.
class SkippedSlotStore {
public:
    /// Of each agent and policy the newest so many are kept.
    static constexpr int kMost = 100;

    /// What is known of the same slot is replaced.
    static void record(core::db::Transaction& tx, const core::Uuid& policy, const SkippedSlots& skipped);
    /// Of all agents of the policy, newest first, at most kMost.
    static std::vector<SkippedSlots> list(core::db::Transaction& tx, const core::Uuid& policy);
};

} // namespace restic
