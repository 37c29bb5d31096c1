#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings.h"

namespace mysql {

/// A client program that is installed, and what it says of itself.
struct Program {
    std::string name;
    std::string path;
    std::string version;
    /// MariaDB's; else MySQL's. Their options differ.
    bool mariadb = false;
    std::string help;

    /// Whether its help names the option, such as "--sandbox".
    [[nodiscard]] bool has(std::string_view option) const;
    [[nodiscard]] Json describe() const { return {{"name", name}, {"version", version}, {"path", path}}; }
};

/// The first of the names that is there and of the wanted product, else the first that is there. Failure if
/// there is none.
[[nodiscard]] Program findProgram(const Step& step, const Settings& settings,
                                  const std::vector<std::string>& names, bool mariadb);

/// A path of the first of the names in PATH and the folders of servers; nullopt if there is none.
[[nodiscard]] std::optional<std::string> pathOf(const std::string& folder, const std::string& name);

} // namespace mysql
