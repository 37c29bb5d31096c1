#pragma once

#include <optional>
#include <string>
#include <vector>

#include "restic/protocol/task_messages.h"

/// The kinds that change one snapshot: tag, forget_snapshot. restic keeps a snapshot with other tags under
/// another id and removes the one of before, so both need a repository from which something may be removed.
namespace restic::protocol {

inline constexpr std::size_t kMostTagChanges = 50;

struct TagParameters {
    std::vector<std::string> add;
    std::vector<std::string> remove;
};
/// What its fields do not say each for itself.
std::vector<core::Problem> problemsOf(const TagParameters& parameters);

/// The snapshot that a task is about.
struct OneSnapshot {
    std::string snapshotId;
    /// Of what machine it is: where restic looks for it.
    std::optional<std::string> host;
};
struct TagTask : TaskPayload, OneSnapshot, TagParameters {};
struct TagResult : TaskResult {
    /// The id that it has now.
    std::optional<std::string> snapshotId;
    /// All tags that it has now.
    std::vector<std::string> tags;
};

/// Its result is a ForgetResult.
struct ForgetSnapshotTask : TaskPayload, OneSnapshot {};

const core::wire::Type& wireType(const TagParameters*);
const core::wire::Type& wireType(const TagTask*);
const core::wire::Type& wireType(const TagResult*);
const core::wire::Type& wireType(const ForgetSnapshotTask*);

} // namespace restic::protocol
