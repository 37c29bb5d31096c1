#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/log.h"
#include "http/dispatcher.h"
#include "http/head_parser.h"
#include "http/router.h"
#include "http/worker_pool.h"

namespace core::http {

struct ServerOptions {
    std::string address = "0.0.0.0:8080"; ///< host:port or [host]:port; port 0 takes a free one
    std::size_t fastWorkers = 2;
    std::size_t blockingWorkers = 8;
    std::size_t maxQueued = 4096;
    std::size_t maxConnections = 18000;
    HeadLimits head;
    std::chrono::milliseconds headTimeout{15000};
    std::chrono::milliseconds idleTimeout{75000};
    std::chrono::milliseconds bodyTimeout{30000};
    std::chrono::milliseconds writeTimeout{30000};
    std::chrono::milliseconds stopTimeout{10000};
};

struct ServerStats {
    std::uint64_t accepted = 0;
    std::uint64_t open = 0;
    std::uint64_t parked = 0;
    std::uint64_t requests = 0;
    std::uint64_t refused = 0;  ///< malformed heads and bodies
    std::uint64_t rejected = 0; ///< over a limit of connections or queue
};

/// The event-driven HTTP server: one loop owns every connection and holds a thread for none; complete
/// requests go to the workers. Construct once, start once, stop once.
class Server {
public:
    Server(ServerOptions options, const Router& router, const Dispatcher& dispatcher, const Clock& clock,
           Logger log);
    ~Server();

    /// Binds and begins to serve. Throws core::Error(kUnavailable) with the address if it is taken.
    void start();
    /// The port that was bound.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Takes no more connections, answers parked requests, finishes what is under way, closes. False if a
    /// handler did not return in time: its thread is still running, and only _exit() ends it.
    [[nodiscard]] bool stop();
    [[nodiscard]] ServerStats stats() const noexcept;
    /// Of the threads that run handlers.
    [[nodiscard]] std::vector<PoolStats> pools() const;

private:
    class Loop;
    std::shared_ptr<Loop> loop_;
};

} // namespace core::http
