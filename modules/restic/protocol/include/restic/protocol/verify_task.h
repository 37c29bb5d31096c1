#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "restic/protocol/restore_task.h"
#include "restic/protocol/task_messages.h"

/// The kind verify: files of a snapshot are restored into a folder of the agent's own, compared and removed.
namespace restic::protocol {

/// What somebody says of a restore test, beside the snapshot.
struct VerifyParameters {
    static constexpr int kDefaultShare = 5;
    /// How much of the snapshot's files is tried; of each test another part.
    int sharePercent = kDefaultShare;
};

struct VerifyTask : TaskPayload, VerifyParameters {
    std::string snapshotId;
};

struct VerifyResult : TaskResult {
    /// Of `problems`; more are counted only.
    static constexpr std::size_t kMostProblems = 100;
    /// What was restored and compared: files, links and pipes.
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    /// What the snapshot has of them.
    std::uint64_t totalFiles = 0;
    std::uint64_t totalBytes = 0;
    /// How much of its files was really tried.
    double sharePercent = 0;
    /// Beside the snapshot also the machine's own file says the same; it says something else though nothing
    /// tells that it was written since; it was written or removed since; it could not be asked.
    std::uint64_t comparedWithSource = 0;
    std::uint64_t differsFromSource = 0;
    std::uint64_t changedSince = 0;
    std::uint64_t notCompared = 0;
    std::uint64_t problemCount = 0;
    std::vector<RestoreProblem> problems;
};

const core::wire::Type& wireType(const VerifyParameters*);
const core::wire::Type& wireType(const VerifyTask*);
const core::wire::Type& wireType(const VerifyResult*);

} // namespace restic::protocol
