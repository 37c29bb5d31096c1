#pragma once

#include <optional>
#include <string>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// The task that a light of a target stands on, when it has ended.
struct EndedWork {
    core::Uuid task;
    bool good = false;
    std::optional<std::string> message;
    core::Instant endedAt;
};

/// Rows of restic_target_evidence: one for each target and light that tasks turn, so that reading a light
/// costs the same however long the history is.
class EvidenceStore {
public:
    static constexpr auto kRetention = "retention", kRestoreTest = "restore_test";

    /// From now on that light is asked of the target; nothing where it is already.
    static void expect(core::db::Transaction& tx, const core::Uuid& target, const char* light,
                       core::Instant now);
    static void record(core::db::Transaction& tx, const core::Uuid& target, const char* light,
                       const EndedWork& work);
};

} // namespace restic
