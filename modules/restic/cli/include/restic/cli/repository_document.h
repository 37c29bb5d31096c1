#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restic::cli {

/// The command of restic that shows a repository's own document: the cheapest one that opens a repository
/// with its password. It takes no lock.
inline const std::vector<std::string> kShowRepository{"cat", "config", "--no-lock"};

/// What that document says; nothing where it cannot be read.
struct RepositoryDocument {
    std::optional<std::string> id; ///< 64 hexadecimal digits
    std::optional<int> version;    ///< of restic's repository format
};
[[nodiscard]] RepositoryDocument readRepositoryDocument(std::string_view output);

} // namespace restic::cli
