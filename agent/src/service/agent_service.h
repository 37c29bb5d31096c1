#pragma once

#include <atomic>
#include <functional>
#include <stop_token>

#include "config/config.h"
#include "core/log.h"
#include "core/process.h"
#include "core/time.h"
#include "executor/kind_of_work.h"
#include "state/files.h"
#include "state/identity.h"

namespace agent {

/// Why the agent stopped.
enum class AgentEnd { stopped, identityLost };

/// The running agent: wires its parts and runs them until stopped. Tasks that run then are left running and
/// adopted by the next run. `findWork` knows the kinds of tasks that it takes.
class AgentService {
public:
    AgentService(const Config& config, StateDir& state, IdentityStore& identity, core::ProcessRunner& runner,
                 const core::Clock& clock, const Environment& environment, core::Logger log,
                 FindWork findWork)
        : config_(config), state_(state), identity_(identity), runner_(runner), clock_(clock),
          environment_(environment), log_(std::move(log)), findWork_(findWork) {}

    AgentEnd run(const std::stop_token& stop);

private:
    const Config& config_;
    StateDir& state_;
    IdentityStore& identity_;
    core::ProcessRunner& runner_;
    const core::Clock& clock_;
    const Environment& environment_;
    core::Logger log_;
    FindWork findWork_;
};

} // namespace agent
