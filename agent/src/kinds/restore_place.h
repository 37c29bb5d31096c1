#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "local_policy/local_policy.h"
#include "restic/cli/version.h"
#include "restic/protocol/restore_task.h"

namespace agent {

/// What must not be written to, whoever asks: the agent's state folder, a repository's folder.
struct RestoreBounds {
    LocalPolicy policy;
    std::vector<std::filesystem::path> kept;
};

/// The folder to restore to, links in it resolved and created (0700) where it is missing; or why not: this
/// machine's rules, a restic that is too old for what is asked, a link in the way. May hang on a dead file
/// system.
[[nodiscard]] std::variant<std::string, restic::protocol::TaskError>
findPlace(const restic::protocol::RestoreTask& task, const restic::cli::ResticVersion& version,
          const RestoreBounds& bounds);

/// Whether nothing is in a folder, or no folder is there.
[[nodiscard]] bool isEmptyPlace(const std::string& folder);

/// What of a snapshot's listing a restic that follows links must not write onto: a link where a folder or a
/// file comes, and a file that has further names, which would change with it. `type` as restic has it.
[[nodiscard]] std::optional<restic::protocol::TaskError>
whyInTheWay(const std::string& folder, const std::string& path, std::string_view type);

} // namespace agent
