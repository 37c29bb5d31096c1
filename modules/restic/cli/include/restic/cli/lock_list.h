#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/process.h"
#include "restic/protocol/maintenance_tasks.h"

namespace restic::cli {

/// Who holds a repository: `restic list locks`, then `restic cat lock` for each of the first. Its steps are
/// counted from 0 and may follow those of another command. None of them takes a lock. One thread.
class LockList {
public:
    /// Empty: there is no further command.
    [[nodiscard]] std::vector<std::string> arguments(int step) const;
    /// A line of the output of a step.
    void text(int step, std::string_view line);
    /// The whole output of a step.
    void document(int step, const std::filesystem::path& file, std::uint64_t offset);
    /// Whether a step failed only because its lock went away meanwhile, which is no failure of the list. What
    /// a storage says of a file that is not there has no class; what keeps it from answering has one.
    [[nodiscard]] static bool isGone(int step, const core::ProcessExit& exit, std::string_view errors);
    void writeTo(protocol::LocksResult& result) const;

private:
    std::uint64_t count_ = 0;
    std::vector<std::string> ids_;
    std::vector<protocol::RepositoryLock> locks_;
};

/// "exclusive: PID 7 on alpha by root, since 2026-01-02T03:04:05".
[[nodiscard]] std::string describe(const protocol::RepositoryLock& lock);

} // namespace restic::cli
