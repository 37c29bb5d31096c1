#pragma once

#include <optional>
#include <string>
#include <vector>

#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// True if there is something that it keeps: restic forgets everything by an empty one, so that is never run.
[[nodiscard]] bool keepsSomething(const std::optional<restic::protocol::Retention>& retention) noexcept;

/// The arguments of `restic forget`: of a policy's snapshots, which its tag tells, or of this host's, and of
/// the selection's host only where it names one. They are grouped by host and paths, never by tags, of which
/// each snapshot has one of its own. What is pinned is always kept.
[[nodiscard]] std::vector<std::string> forgetArguments(const restic::protocol::TaskPayload& task,
                                                       const restic::protocol::ForgetParameters& parameters,
                                                       const restic::protocol::ForgetSelection& selection,
                                                       const std::string& hostname);

} // namespace agent
