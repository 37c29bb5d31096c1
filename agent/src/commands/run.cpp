#include <csignal>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include "commands/commands.h"
#include "commands/enrolment.h"
#include "kinds/kinds.h"
#include "service/agent_service.h"

namespace agent {

ExitCode runCommand(const CommonOptions& common, core::ProcessRunner& runner, const core::Clock& clock) {
    // Before any thread exists: they all inherit it, and only the thread below takes these signals.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    const auto config = loadConfig(common.configFile, common.configRequired, common.environment);
    core::LogHub hub(config.agent.logFormat, config.agent.logLevel, core::makeFdSink(1));
    core::Logger log(hub, "agent");
    StateDir state(common.stateDir);
    if (!state.lock()) {
        fmt::print(stderr, "Another agent runs with the state folder {}.\n", common.stateDir.string());
        return ExitCode::failure;
    }
    auto identity = loadIdentity(state.identity());
    if (!identity && !config.orchestrator.token.empty()) {
        log.info("The agent is not enrolled yet; enrolling with the configured token");
        hub.addSecret(config.orchestrator.token);
        identity = enrol(config, state, {}, common.environment, clock);
    }
    if (!identity) {
        fmt::print(
            stderr,
            "This agent is not enrolled. Run `restic-agent enroll --server URL --token TOKEN` first.\n");
        return ExitCode::failure;
    }
    const auto marks = marksOfThisMachine();
    if (config.agent.bindToMachine && isFromAnotherMachine(*identity, marks)) {
        fmt::print(stderr, "{}\n", kClonedSentence);
        log.error("The state folder is a copy of another machine's; the agent does not run");
        return ExitCode::failure;
    }
    IdentityStore store(state.identity(), *identity);
    store.setMarks(marks);
    AgentService service(config, state, store, runner, clock, common.environment, log, findWork);

    std::stop_source ending;
    std::jthread waiter([&](const std::stop_token& done) {
        while (!done.stop_requested()) {
            const timespec halfSecond{0, 500000000};
            const int number = ::sigtimedwait(&signals, nullptr, &halfSecond);
            if (number == SIGTERM || number == SIGINT)
                ending.request_stop();
            else if (number == SIGHUP)
                log.warn("SIGHUP: the configuration is read at the start only; restart the agent");
        }
    });
    if (service.run(ending.get_token()) == AgentEnd::identityLost) {
        fmt::print(stderr,
                   "The server no longer accepts this agent. Enrol it again with `restic-agent enroll`.\n");
        return ExitCode::failure;
    }
    return ExitCode::success;
}

} // namespace agent
