#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "api_client/host_client.h"
#include "config/config.h"
#include "executor/executor.h"
#include "metrics/metrics.h"
#include "plugins/plugins.h"
#include "restic/cli/probe.h"
#include "state/files.h"

namespace agent {

/// Tells the server every half minute (or as often as it wants) that the agent lives, and how it is. One
/// thread runs it.
class Heartbeat {
public:
    Heartbeat(HostClient& server, const Executor& executor, restic::cli::ResticProbe& restic,
              const Plugins& plugins, const StateDir& state, const Config& config, const core::Clock& clock,
              core::Logger log);

    void run(const std::stop_token& stop);
    /// The next one does not wait: something changed that people look at. Thread-safe.
    void soon() noexcept { soon_ = true; }

    /// The message as it would go out now.
    [[nodiscard]] restic::protocol::HeartbeatRequest collect();

private:
    std::chrono::milliseconds beat(core::http::Interrupter& interrupter);
    void writeStatus(const restic::protocol::HeartbeatRequest& sent, const std::string& error);

    HostClient& server_;
    const Executor& executor_;
    restic::cli::ResticProbe& restic_;
    const Plugins& plugins_;
    const StateDir& state_;
    const Config& config_;
    const core::Clock& clock_;
    core::Logger log_;
    MetricsReader metrics_;
    std::optional<double> latencyMs_;
    std::optional<core::Instant> lastOk_;
    core::Instant startedAt_;
    int failures_ = 0;
    bool pluginsWanted_ = false;
    std::atomic<bool> soon_{false};
};

/// "linux", "amd64": as Go names them, like the agents before this one.
[[nodiscard]] std::string operatingSystem();
[[nodiscard]] std::string architecture();

} // namespace agent
