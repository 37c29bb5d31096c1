#pragma once

namespace restic {

/// Of rows of restic_tasks: those that have not ended. The indexes of what waits and runs have the same
/// words.
inline constexpr auto kOpenTask = "status IN ('created', 'queued', 'assigned', 'running', 'unreachable')";

} // namespace restic
