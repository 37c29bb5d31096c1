#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kinds/verify_sample.h"
#include "restic/protocol/verify_task.h"

namespace agent {

/// What became of files that a restore test brought back.
struct Compared {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t withSource = 0;
    std::uint64_t changedSince = 0;
    std::uint64_t notCompared = 0;
    /// Those whose source says something else, though nothing tells that it was written: the first few.
    std::uint64_t differing = 0;
    std::vector<std::string> differingNames;
    std::uint64_t problemCount = 0;
    std::vector<restic::protocol::RestoreProblem> problems;

    static constexpr std::size_t kMostNames = 5;

    void problem(const std::string& path, std::string message);
    void add(const Compared& other);
};

/// Looks at what was restored below `place`, each with its whole path: every file is there with its type and
/// size, and no other is. `sourceIsHere`: the snapshot is of this machine, so that a source that was not
/// written since must be the same byte for byte; its own faults are none of the snapshot's. What restic read
/// against its checksums is not read again here but for that. May hang on a dead file system; ends early when
/// `giveUp` says so.
[[nodiscard]] Compared compareRestored(const std::filesystem::path& place,
                                       const std::vector<ListedFile>& wanted, bool sourceIsHere,
                                       const std::atomic<bool>& giveUp);

} // namespace agent
