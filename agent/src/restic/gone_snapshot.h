#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "restic/protocol/task_messages.h"

namespace agent {

/// What to tell where restic says that a snapshot, which it was given by its whole id, is not in the
/// repository; nullopt if it says something else.
[[nodiscard]] std::optional<restic::protocol::TaskError> whySnapshotIsGone(std::string_view errors);

/// The same as a sentence of ours: of that snapshot.
[[nodiscard]] restic::protocol::TaskError snapshotIsGone(std::string_view snapshotId);

} // namespace agent
