#pragma once

#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/uuid.h"

namespace restic {

/// What the life of an agent means for its tasks. Thread-safe.
class AgentTasks {
public:
    virtual ~AgentTasks() = default;

    /// Wakes the agent where it is parked: something has changed for it.
    virtual void wake(const core::Uuid& agent) const = 0;
    /// What a heartbeat says of the tasks that the agent holds, with their attempts: leases go on; what it
    /// does not know is given out again.
    virtual void reconcile(core::db::Transaction& tx, const core::Uuid& agent,
                           const std::vector<std::pair<core::Uuid, int>>& open) = 0;
    /// The agent is gone: what it did not begin is cancelled, what it holds has failed.
    virtual void abandonAll(core::db::Transaction& tx, const core::Uuid& agent) = 0;
};

} // namespace restic
