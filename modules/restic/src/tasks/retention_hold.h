#pragma once

#include <optional>
#include <string>

#include "core/db/database.h"
#include "tasks/task_store.h"

namespace restic {

/// Why nothing is removed of a policy's snapshots for now, in a sentence: its newest backup failed, saved
/// nothing or saved only a part, and by "keep the last one" the good ones would go. Of the task's target; of
/// all of the policy's where it has none. Nullopt: nothing is against it.
std::optional<std::string> whyHeld(core::db::Transaction& tx, const std::optional<core::Uuid>& target,
                                   const std::optional<core::Uuid>& policy);

} // namespace restic
