#include "heartbeat/heartbeat.h"

#include "api_client/failure_kinds.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>

#include "agent_version.h"
#include "core/wire.h"
#include "plugins/plugin_report.h"
#include "waiting/pause.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace protocol = restic::protocol;
constexpr int kFailuresThatMatter = 5;
/// How often it is looked whether the next one is wanted sooner.
constexpr auto kLook = 500ms;
} // namespace

std::string operatingSystem() {
    return "linux";
}

std::string architecture() {
    utsname name{};
    if (::uname(&name) != 0)
        return "unknown";
    std::string machine = name.machine;
    if (machine == "x86_64")
        return "amd64";
    if (machine == "aarch64")
        return "arm64";
    return machine;
}

Heartbeat::Heartbeat(HostClient& server, const Executor& executor, restic::cli::ResticProbe& restic,
                     const Plugins& plugins, const StateDir& state, const Config& config,
                     const core::Clock& clock, core::Logger log)
    : server_(server), executor_(executor), restic_(restic), plugins_(plugins), state_(state),
      config_(config), clock_(clock), log_(std::move(log)), startedAt_(clock.now()) {}

protocol::HeartbeatRequest Heartbeat::collect() {
    protocol::HeartbeatRequest out;
    out.version = kAgentVersion;
    out.os = operatingSystem();
    auto metrics = metrics_.read();
    out.uptimeSeconds = metrics.uptimeSeconds;
    out.cpuPercent = metrics.cpuPercent;
    out.memoryUsedBytes = metrics.memoryUsedBytes;
    out.memoryTotalBytes = metrics.memoryTotalBytes;
    out.disks = std::move(metrics.disks);
    const auto load = executor_.load();
    out.runningTasks = load.running;
    out.queuedTasks = load.queued;
    if (const auto last = executor_.lastBackup()) {
        out.lastBackupStatus = last->status;
        out.lastBackup = last->at;
    }
    out.latencyMs = latencyMs_;
    if (const auto version = restic_.version())
        out.resticVersion = version->toString();
    else
        out.problems.push_back("restic cannot be used: " + restic_.problem());
    if (::access(state_.path().c_str(), W_OK) != 0)
        out.problems.push_back("The state folder " + state_.path().string() + " is not writable");
    else if (const auto problem = state_.lacksRoom())
        out.problems.push_back(*problem);
    if (executor_.failuresInARow() >= kFailuresThatMatter)
        out.problems.push_back("The last " + std::to_string(executor_.failuresInARow()) + " backups failed");
    out.features = {std::string(protocol::features::kForgetHost), std::string(protocol::features::kKeepTags),
                    std::string(protocol::features::kDumps), std::string(protocol::features::kBackupOptions),
                    std::string(protocol::features::kRestoreTests)};
    auto plugins = describePlugins(plugins_);
    for (const auto& plugin : plugins.items)
        if (plugin.enabled && plugin.allowed)
            out.availablePlugins.push_back(plugin.name);
    out.pluginsVersion = plugins.version;
    if (pluginsWanted_)
        out.plugins = std::move(plugins);
    out.ownRepository = config_.repository.has_value();
    out.openTasks = executor_.openTasks();
    return out;
}

void Heartbeat::run(const std::stop_token& stop) {
    core::http::Interrupter interrupter;
    const std::stop_callback interrupt(stop, [&] { interrupter.interrupt(); });
    while (!stop.stop_requested()) {
        std::chrono::milliseconds next = config_.agent.heartbeatInterval;
        try {
            server_.rotateIfDue();
            next = beat(interrupter);
        } catch (...) {
            log_.error("A heartbeat failed inside the agent", {{"error", core::describeCurrentException()}});
        }
        const auto until = Clock::now() + next;
        while (!stop.stop_requested() && !soon_.exchange(false) && Clock::now() < until)
            pause(stop, std::min<std::chrono::milliseconds>(
                            kLook, std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now())));
    }
}

std::chrono::milliseconds Heartbeat::beat(core::http::Interrupter& interrupter) {
    const auto message = collect();
    Backoff backoff(1s, 8s);
    std::stop_source none;
    for (std::int64_t attempt = 0;; ++attempt) {
        const auto began = Clock::now();
        const auto answer = server_.heartbeat(message, config_.agent.heartbeatTimeout, &interrupter);
        if (answer) {
            latencyMs_ = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
            if (failures_ > 0)
                log_.info("The server answers again", {{"missed_heartbeats", std::int64_t{failures_}}});
            failures_ = 0;
            lastOk_ = clock_.now();
            writeStatus(message, {});
            pluginsWanted_ = answer.value->pluginsWanted;
            if (pluginsWanted_ && !message.plugins)
                return 0ms;
            const std::chrono::milliseconds advised =
                std::chrono::seconds(answer.value->nextTaskCheckAfterSeconds);
            // A shorter interval of the machine's own configuration wins: it was set there on purpose.
            return std::min(advised, config_.agent.heartbeatInterval == Config::Agent{}.heartbeatInterval
                                         ? advised
                                         : config_.agent.heartbeatInterval);
        }
        if (interrupter.interrupted())
            return 0ms;
        if (!answer.failure.worthRetrying() || attempt >= config_.agent.heartbeatRetryAttempts) {
            ++failures_;
            writeStatus(message, answer.failure.message);
            const core::LogFields fields{
                {"reason", failures::ofHeartbeat(failures_, config_.agent.failureThreshold).name},
                {"error", answer.failure.message},
                {"failures", std::int64_t{failures_}}};
            if (failures_ == config_.agent.failureThreshold)
                log_.error("The server has not been reached for several heartbeats", fields);
            else
                log_.warn("A heartbeat could not be delivered", fields);
            return config_.agent.heartbeatInterval;
        }
        const auto delay = backoff.next();
        const auto until = Clock::now() + delay;
        while (Clock::now() < until && !interrupter.interrupted())
            pause(none.get_token(), std::min<std::chrono::milliseconds>(delay, 50ms));
    }
}

void Heartbeat::writeStatus(const protocol::HeartbeatRequest& sent, const std::string& error) {
    core::json::Object status{{"pid", std::int64_t{::getpid()}},
                              {"started_at", core::formatInstant(startedAt_)},
                              {"checked_at", core::formatInstant(clock_.now())},
                              {"last_heartbeat_at", lastOk_ ? core::json::Value(core::formatInstant(*lastOk_))
                                                            : core::json::Value()},
                              {"error", error.empty() ? core::json::Value() : core::json::Value(error)},
                              {"running_tasks", sent.runningTasks.value_or(0)},
                              {"queued_tasks", sent.queuedTasks.value_or(0)},
                              {"restic_version", sent.resticVersion ? core::json::Value(*sent.resticVersion)
                                                                    : core::json::Value()}};
    try {
        writeFileDurably(state_.status(), core::json::write(status) + "\n");
    } catch (const core::Error& failure) {
        log_.error("The status file cannot be written", {{"error", failure.what()}});
    }
}

} // namespace agent
