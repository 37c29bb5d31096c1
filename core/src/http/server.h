#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/http/ip_address.h"
#include "core/log.h"
#include "http/dispatcher.h"
#include "http/head_parser.h"
#include "http/listen_address.h"
#include "http/router.h"
#include "http/tls_context.h"
#include "http/worker_pool.h"

namespace core::http {

struct ServerOptions {
    std::vector<ListenAddress> addresses;
    /// Listening sockets that somebody has handed over, used instead of `addresses`; the server's own from
    /// bind() on.
    std::vector<int> adopted;
    /// With a certificate every TCP address speaks TLS that does not say http://.
    std::optional<TlsFiles> tls;
    /// How often changes of the certificate's files are looked for.
    std::chrono::milliseconds tlsRefresh{5000};
    std::size_t fastWorkers = 2;
    std::size_t blockingWorkers = 8;
    /// How long the oldest request may have waited for a thread before further ones are answered 503. All who
    /// are connected may wait: agents come back together.
    std::chrono::milliseconds maxQueueWait{5000};
    std::size_t maxConnections = 18000;
    /// None for loopback, socket files and trusted proxies.
    std::size_t maxConnectionsPerAddress = 256;
    std::size_t maxParked = 16000;
    std::size_t maxWebSockets = 16000;
    /// Of one frame and one message of a client, and of what waits for one; a route may have smaller ones.
    std::size_t maxWebSocketFrame = 1U << 20U;
    std::size_t maxWebSocketMessage = 4U << 20U;
    std::size_t maxWebSocketQueue = 4U << 20U;
    /// A client of which nothing is heard for so long is pinged, and given up after as long again.
    std::chrono::milliseconds webSocketPing{25000};
    /// Within which it must answer a close.
    std::chrono::milliseconds webSocketCloseTimeout{5000};
    /// Whose X-Forwarded-For, X-Forwarded-Proto and PROXY headers count; socket files are trusted as well.
    AddressSet trustedProxies;
    /// Every connection must come from a trusted proxy and begin with the header of the PROXY protocol.
    bool proxyProtocol = false;
    HeadLimits head;
    /// Bytes of all requests that are larger than 64 KiB, while they arrive and are handled.
    std::size_t maxRequestMemory = 256U << 20U;
    std::chrono::milliseconds headTimeout{15000};
    std::chrono::milliseconds idleTimeout{75000};
    std::chrono::milliseconds bodyTimeout{30000};
    std::chrono::milliseconds writeTimeout{30000};
    std::chrono::milliseconds stopTimeout{10000};
    /// Done by the event loop again and again while it works: what must stop if it hangs. Must not block.
    struct Tick {
        std::chrono::milliseconds every;
        std::function<void()> action;
    };
    std::vector<Tick> ticks;
};

struct ServerStats {
    std::uint64_t accepted = 0;
    std::uint64_t open = 0;
    std::uint64_t parked = 0;
    std::uint64_t requests = 0;
    std::uint64_t refused = 0;           ///< malformed heads and bodies
    std::uint64_t rejected = 0;          ///< connections over the limit of all
    std::uint64_t rejectedOfAddress = 0; ///< connections over the limit of their address
    std::uint64_t rejectedProxies = 0;   ///< connections without the PROXY header that is asked for
    std::uint64_t overloaded = 0;        ///< requests that found the queue full
    std::uint64_t rejectedParks = 0;     ///< long polls over the limit of parked requests
    std::uint64_t handshakes = 0;        ///< of TLS, that were completed
    std::uint64_t failedHandshakes = 0;  ///< of TLS, that were not, whoever gave up
    std::uint64_t lateHeads = 0;         ///< requests whose head did not arrive in time
    std::uint64_t lateBodies = 0;        ///< those whose body did not
    std::uint64_t lateReaders = 0;       ///< clients that did not take their answer in time
    std::uint64_t webSockets = 0;        ///< open ones
    std::uint64_t rejectedWebSockets = 0;
    std::uint64_t rejectedForMemory = 0; ///< requests over the limit of memory
    std::uint64_t requestBytes = 0;      ///< that requests of more than 64 KiB take now
    std::uint64_t webSocketsIn = 0;      ///< messages received
    std::uint64_t webSocketsOut = 0;     ///< messages sent
};

/// The event-driven HTTP server: one loop owns every connection and holds a thread for none; complete
/// requests go to the workers. Construct once, start once, stop once.
class Server {
public:
    Server(ServerOptions options, const Router& router, const Dispatcher& dispatcher, const Clock& clock,
           Logger log);
    ~Server();

    /// Takes the addresses, at which nobody is served yet. Throws core::Error(kUnavailable) with the address
    /// if one is taken.
    void bind();
    /// Begins to serve, after bind() if that was not called.
    void start();
    /// The first port that was bound; 0 if there are only socket files.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Everything that was bound: HOST:PORT, [V6]:PORT, unix:/PATH.
    [[nodiscard]] const std::vector<std::string>& addresses() const noexcept;
    /// Reads the files of the certificate again, soon; those that cannot be used change nothing. Thread-safe.
    void reloadCertificate();
    /// Takes no more connections, answers parked requests, finishes what is under way, closes. False if a
    /// handler did not return in time: its thread is still running, and only _exit() ends it.
    [[nodiscard]] bool stop();
    [[nodiscard]] ServerStats stats() const noexcept;
    /// The certificate that new connections get; nullopt without TLS, and before start().
    [[nodiscard]] std::optional<Certificate> certificate() const;
    /// Of the threads that run handlers.
    [[nodiscard]] std::vector<PoolStats> pools() const;

private:
    class Loop;
    std::shared_ptr<Loop> loop_;
};

} // namespace core::http
