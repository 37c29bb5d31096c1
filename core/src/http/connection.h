#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/address_count.h"
#include "http/body_reader.h"
#include "http/dispatcher.h"
#include "http/head_parser.h"
#include "http/listener.h"
#include "http/park.h"
#include "http/request_budget.h"
#include "http/response_writer.h"
#include "http/transport.h"
#include "http/web_socket_connection.h"

namespace core::http {

/// One client's connection. It is owned by one thread at a time: by the event loop while it waits, reads,
/// writes or is parked, by a worker while it is dispatched. `phase` hands it over.
struct Connection {
    enum class Phase : std::uint8_t {
        proxyHeader,
        handshake,
        idle,
        reading,
        dispatched,
        writing,
        parked,
        webSocket,
        draining
    };

    Connection(Listener::Accepted accepted, std::uint64_t number)
        : transport(std::move(accepted.fd)), id(number), peer(accepted.peer) {}

    /// The request that is being read; gone while the connection is idle.
    struct Exchange {
        Exchange(const HeadLimits& limits, RequestBudget& budget) : parser(limits), share(budget) {}
        HeadParser parser;
        RequestBudget::Share share; ///< for its bytes, wherever they are
        std::unique_ptr<BodyReader> body;
        Dispatcher::Incoming incoming;
        bool keepAlive = true;
        bool headOnly = false;
    };

    Transport transport;
    std::uint64_t id;
    std::atomic<Phase> phase{Phase::idle};
    std::atomic<std::int64_t> deadlineMs{0}; ///< steady milliseconds
    std::int64_t timerAt = 0;                ///< when the loop looks at the deadline next; the loop's own
    AddressText peer;                        ///< whom it comes from, as far as is known
    bool tls = false;                        ///< TLS is what the client must begin with
    bool trusted = false;                    ///< `peer` is a proxy whose word on its client counts
    bool secureBefore = false;               ///< the client speaks TLS with a proxy that has said so
    /// What it counts for among the connections of one address; nullopt: without a limit.
    std::optional<AddressCount::Key> counted;
    std::shared_ptr<const ClientCertificate> clientCertificate;
    std::string in;
    std::string out;
    SharedBytes outShared;  ///< goes out after `out`
    std::size_t outAt = 0;  ///< how many bytes of both are gone
    std::size_t outDue = 0; ///< up to here `out` must be taken before the deadline; 0: it has none yet
    bool closeAfterWrite = false;
    bool peerClosed = false;
    std::unique_ptr<Exchange> exchange;
    std::shared_ptr<detail::ParkState> park;
    /// What the answer to a parked request needs.
    bool parkKeepAlive = true;
    bool parkHeadOnly = false;
    bool parkSecure = false;
    std::string parkRequestId;
    std::unique_ptr<LateAnswer> late; ///< of a parked request or a WebSocket; often null
    std::unique_ptr<WebSocketConnection> webSocket;

    /// What is to be written next, and how much there is in all.
    [[nodiscard]] std::string_view nextOut() const noexcept {
        return outAt < out.size() ? std::string_view(out).substr(outAt)
                                  : outShared.view().substr(outAt - out.size());
    }
    [[nodiscard]] std::size_t outSize() const noexcept { return out.size() + outShared.view().size(); }
    void setOut(WireBytes bytes) noexcept {
        out = std::move(bytes.own);
        outShared = std::move(bytes.shared);
        outAt = 0;
    }
};

} // namespace core::http
