#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/http/ip_address.h"
#include "core/time.h"
#include "restic/cli/program.h"

namespace restic {

/// How often the host looks at repositories itself, and at which.
struct MonitorSettings {
    core::milliseconds interval{};      ///< of snapshots and locks
    core::milliseconds statsInterval{}; ///< of what they take up
    core::milliseconds checkInterval{}; ///< of checks of their structure
    core::milliseconds timeout{};       ///< of a look at snapshots, and at what they take up
    core::milliseconds checkTimeout{};
    std::size_t maxConcurrent = 5;  ///< looks at snapshots at once
    std::size_t maxHeavy = 2;       ///< checks and counts of size at once
    std::int64_t maxTargets = 1000; ///< of a tenant
    core::milliseconds maxAge{};    ///< of a last snapshot, where neither policy nor target says it
    cli::ResticProgram program;
    /// Folders of this machine below which a repository may be.
    std::vector<std::string> localRoots;
    /// Folders of this machine below which a password or certificate file may be.
    std::vector<std::string> secretRoots;
    /// Networks that a repository's server may be in though nobody outside reaches them.
    core::http::AddressSet networks;
};

} // namespace restic
