#include <cstdio>

#include <fmt/format.h>

#include "commands/commands.h"
#include "commands/enrolment.h"

namespace agent {

ExitCode enrollCommand(const CommonOptions& common, const EnrollOptions& options, const core::Clock& clock) {
    const auto config = loadConfig(common.configFile, common.configRequired, common.environment);
    StateDir state(common.stateDir);
    if (!state.lock()) {
        fmt::print(stderr,
                   "An agent runs with the state folder {}. Stop it first, or choose another folder with "
                   "--state-dir.\n",
                   common.stateDir.string());
        return ExitCode::failure;
    }
    const auto identity = enrol(config, state, options, common.environment, clock);
    fmt::print(
        "Enrolled as {} ({}) at {}.\nThe identity is in {}. Start the agent with `restic-agent run`.\n",
        identity.hostname, identity.agentId, identity.serverUrl, state.identity().string());
    return ExitCode::success;
}

} // namespace agent
