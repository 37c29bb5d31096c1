#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "files/path_look.h"
#include "restic/protocol/task_messages.h"

namespace agent {

/// "/srv/data/" and "/srv/data/." as "/srv/data": restic saves the link itself however it is spelled.
[[nodiscard]] std::string withoutTrailingSlash(std::string path);

/// Facts about sources that a success hides: links, empty folders, nothing saved at all. `files`: how many
/// restic went through, if it said so.
[[nodiscard]] std::vector<restic::protocol::TaskNotice>
noticesAbout(const std::vector<std::pair<std::string, PathLook>>& sources, std::optional<std::uint64_t> files,
             bool excludes);

} // namespace agent
