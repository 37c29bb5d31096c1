#pragma once

#include <stop_token>

#include "api_client/host_client.h"
#include "config/config.h"
#include "executor/executor.h"

namespace agent {

/// Keeps one long poll parked at the server, also when no place is free, so that a cancel always gets
/// through. One thread runs it; freed() may be called from others.
class Poller {
public:
    Poller(HostClient& server, Executor& executor, const Config& config, core::Logger log)
        : server_(server), executor_(executor), config_(config), log_(std::move(log)) {}

    void run(const std::stop_token& stop);
    /// A place became free: a poll that was parked without one is begun anew.
    void freed();

private:
    HostClient& server_;
    Executor& executor_;
    const Config& config_;
    core::Logger log_;
    core::http::Interrupter interrupter_;
    std::mutex mutex_;
    bool parkedFull_ = false;
};

} // namespace agent
