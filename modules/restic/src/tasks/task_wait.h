#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "tasks/repository_queue.h"

namespace restic {

/// Why a queued task is not handed out, the first of the reasons that there are: its next attempt is not due,
/// its agent does not take it, its repository is not free.
struct TaskWaiting : RepositoryQueue::Wait {
    /// When it is over, where that is known.
    std::optional<core::Instant> until;
};

/// All codes of a wait.
std::vector<std::string> waitCodes();
/// nullopt for a task that is not queued, or that its agent gets as soon as it asks.
std::optional<TaskWaiting> waitOf(core::db::Transaction& tx, const Kinds& kinds, const Task& task,
                                  core::Instant now);

} // namespace restic
