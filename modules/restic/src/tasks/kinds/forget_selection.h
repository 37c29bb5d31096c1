#pragma once

#include <optional>
#include <variant>

#include "core/db/database.h"
#include "policies/policy_store.h"
#include "restic/protocol/maintenance_tasks.h"
#include "tasks/task_store.h"

/// What a forget removes and its preview tells of: the same for both.
namespace restic {

/// The request's parameters, with the policy's retention where they have none.
protocol::ForgetParameters effectiveParameters(const Task& task, const std::optional<Policy>& policy);
/// Refuses a forget that nothing is said for, or that would keep nothing. Throws kInvalidParameters,
/// kRetentionConflict.
void requireRetention(const Task& task, const std::optional<Policy>& policy);
/// What a policy's snapshots are told by beside its tag: the machine of the task's target. Or why they cannot
/// be: an agent that knows nothing of machines would remove what others saved.
std::variant<protocol::ForgetSelection, protocol::TaskError> forgetSelection(core::db::Transaction& tx,
                                                                             const Task& task);
/// Why the task's agent is too old for what the retention keeps by tags; what is pinned counts where some is
/// known.
std::optional<protocol::TaskError> whyTagsAreLost(core::db::Transaction& tx, const Task& task,
                                                  const protocol::ForgetParameters& parameters);

} // namespace restic
