#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restic::cli {

/// The command of restic that lists a repository's keys. It opens the repository with its password, and says
/// which of the keys that was.
inline const std::vector<std::string> kListKeys{"key", "list", "--json", "--no-lock"};

/// Keys by the names that restic gives them: whole ids, or with restic 0.14 their first eight digits.
struct KeyList {
    std::vector<std::string> ids;
    std::optional<std::string> current; ///< the one that the password opened

    /// The key of that name, which an earlier or a later restic may have given; nullopt if it is not there.
    [[nodiscard]] std::optional<std::string> find(std::string_view id) const;
};
[[nodiscard]] KeyList readKeyList(std::string_view output);

} // namespace restic::cli
