#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/process.h"
#include "restic/cli/command.h"
#include "restic/cli/version.h"

namespace restic::cli {

/// Asks once which restic is there, and again only as long as there is none. Thread-safe.
class ResticProbe {
public:
    ResticProbe(core::ProcessRunner& runner, const ResticCommands& commands)
        : runner_(runner), commands_(commands) {}

    [[nodiscard]] std::optional<ResticVersion> version();
    /// Kinds of repositories that this restic was built without; none where it does not say.
    [[nodiscard]] std::vector<std::string> missingKinds();
    /// Why there is no version; empty if there is one.
    [[nodiscard]] std::string problem() const;

private:
    core::ProcessRunner& runner_;
    const ResticCommands& commands_;
    mutable std::mutex mutex_;
    std::optional<ResticVersion> version_;
    std::string problem_;
};

} // namespace restic::cli
