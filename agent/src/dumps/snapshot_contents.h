#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "executor/repository_commands.h"

namespace agent {

/// The files that a snapshot holds below one of its folders, with what each of them holds, as `restic ls`
/// lists them.
class SnapshotContents {
public:
    /// nullopt: restic did not say, for the reason in `error`.
    static std::optional<SnapshotContents> below(const std::string& folder, const std::string& snapshotId,
                                                 const RepositoryCommands& commands,
                                                 const restic::cli::RepositoryAccess& repository,
                                                 const std::stop_token& stop,
                                                 std::optional<restic::protocol::TaskError>& error);

    /// The bytes of a file, or of all files below a folder; nullopt: there is nothing of that path.
    [[nodiscard]] std::optional<std::uint64_t> bytesOf(const std::string& path) const;

private:
    std::map<std::string, std::uint64_t> files_;
};

} // namespace agent
