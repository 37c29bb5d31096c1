#include "service/agent_service.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent_version.h"
#include "api_client/host_client.h"
#include "config/server_address.h"
#include "executor/executor.h"
#include "heartbeat/heartbeat.h"
#include "journal/journal.h"
#include "restic/cli/probe.h"
#include "service/poller.h"

namespace agent {

AgentEnd AgentService::run(const std::stop_token& stop) {
    std::atomic<bool> lost{false};
    std::stop_source ending;
    const std::stop_callback stopped(stop, [&] { ending.request_stop(); });

    const auto identity = identity_.get();
    log_.hub().addSecret(identity.token);
    const auto address = serverAddress(config_, identity);
    core::http::Client http(clientOptions(address, environment_));
    HostClient server(http, identity_, clock_, log_.named("server"), [&] {
        lost = true;
        ending.request_stop();
    });
    Journal journal(state_.journal());
    if (journal.damaged() > 0)
        log_.warn("The journal had records that were cut or damaged; they were skipped",
                  {{"records", static_cast<std::int64_t>(journal.damaged())}});
    const restic::cli::ResticCommands commands(config_.restic, state_.cache(), environment_);
    restic::cli::ResticProbe restic(runner_, commands);

    Plugins plugins(config_, state_.plugins(), runner_, environment_,
                    readLocalPolicy(config_.agent.localPolicy));
    plugins.putRight(log_.named("plugins"));

    Staging staging(stagingFolder(config_, state_.path()), config_.dumps.maxDiskUsage);
    // What one test may take is counted before it begins.
    Staging scratch(restoreTestFolder(config_, state_.path()), 0, restoreTestNames());

    Executor* executorForReporter = nullptr;
    Reporter reporter(server, config_, clock_, log_.named("reporter"),
                      [&](const Outbox& outbox) { executorForReporter->closed(outbox); });
    Poller* pollerForExecutor = nullptr;
    Executor executor({config_, state_, journal, runner_, commands, restic, plugins, staging, scratch, clock_,
                       log_.named("executor"), identity.hostname},
                      findWork_, reporter, [&] { pollerForExecutor->freed(); });
    executorForReporter = &executor;
    Poller poller(server, executor, config_, log_.named("poller"));
    pollerForExecutor = &poller;
    Heartbeat heartbeat(server, executor, restic, plugins, state_, config_, clock_, log_.named("heartbeat"));

    plugins.settings().whenChanged([&heartbeat] { heartbeat.soon(); });

    log_.info("The agent runs",
              {{"version", kAgentVersion}, {"agent_id", identity.agentId}, {"server", address.url}});
    executor.recover();
    {
        const std::jthread beats([&](const std::stop_token& token) { heartbeat.run(token); });
        const std::jthread reports([&](const std::stop_token& token) { reporter.run(token); });
        const std::jthread polls([&](const std::stop_token& token) { poller.run(token); });
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait(lock, ending.get_token(), [] { return false; });
        log_.info("The agent ends; a running restic goes on and is adopted at the next start");
    } // stops and joins the three in reverse order: nothing new comes in, then nothing goes out
    executor.stop();
    log_.info("The agent has ended");
    return lost ? AgentEnd::identityLost : AgentEnd::stopped;
}

} // namespace agent
