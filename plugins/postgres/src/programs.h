#pragma once

#include <string>
#include <vector>

#include "agent/plugin_step.h"

/// The programs of PostgreSQL on this machine, of which there may be several versions.
namespace postgres {

struct Program {
    std::string name;
    std::string path;
    std::string version; ///< "15.4"; empty if it was not asked
    int major = 0;
};

/// Any psql: it talks to servers of every version. Throws Failure if there is none.
[[nodiscard]] Program anyPsql(const agent::plugin::Step& step);
/// The oldest program of that name that is not older than `major`: of the setting program_folder, of the
/// distribution's folders, or in PATH. Throws Failure that says what to install.
[[nodiscard]] Program programFor(const agent::plugin::Step& step, const std::string& name, int major,
                                 const std::string& whose);
/// The folder with the programs of a server, initdb and postgres, not older than `major`; empty if there is
/// none.
[[nodiscard]] std::string serverFolderFor(const agent::plugin::Step& step, int major);

} // namespace postgres
