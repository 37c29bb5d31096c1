#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/export.h"

namespace core::http {

namespace detail {
class WebSocketChannel;
}

/// One message as its sender meant it, put together again from its frames.
struct WebSocketMessage {
    std::string data;
    bool text = true; ///< `data` is UTF-8; else any bytes
    bool operator==(const WebSocketMessage&) const = default;
};

/// Why a WebSocket is over: a code of RFC 6455, 7.4. 1005: the client gave no reason; 1006: it went away
/// without a word; 1001: the host stops; 1002, 1007, 1009: what it sent was malformed, no UTF-8, too large;
/// 1011: the module's own function failed.
struct WebSocketEnd {
    int code = 1000;
    std::string reason = {}; ///< UTF-8, at most 123 bytes; a longer one is cut
    bool operator==(const WebSocketEnd&) const = default;
};

/// The sending side of an open WebSocket, held by whoever has something to say. Cheap to copy. Thread-safe.
class CORE_EXPORT WebSocket {
public:
    explicit WebSocket(std::shared_ptr<detail::WebSocketChannel> channel);
    WebSocket(const WebSocket&);
    WebSocket(WebSocket&&) noexcept;
    WebSocket& operator=(const WebSocket&);
    WebSocket& operator=(WebSocket&&) noexcept;
    ~WebSocket();

    enum class Sent {
        queued, ///< it goes out in the order of the calls; whether it arrives only an answer can tell
        full,   ///< the client is too slow and the queue is full: not taken; drop it, wait, or close()
        closed, ///< nobody will get it
    };
    [[nodiscard]] Sent send(WebSocketMessage message) const;
    /// What was queued before goes out first; what the client still sends meanwhile is handed over.
    void close(WebSocketEnd end = {}) const;
    [[nodiscard]] bool open() const;

private:
    std::shared_ptr<detail::WebSocketChannel> channel_;
};

/// What a route takes whose requests become WebSockets. The host has limits of its own (`http.websocket_…`);
/// the smaller one counts.
struct WebSocketLimits {
    std::size_t message = 65536; ///< bytes of one message of the client; a larger one ends the socket: 1009
    std::size_t queue = 256U << 10U; ///< bytes that may wait for a slow client
    /// Subprotocols by preference. A client that asks for none of them gets none.
    std::vector<std::string> protocols = {};
};

/// What a handler returns to make the connection a WebSocket; only on a route that declares `webSocket`. The
/// host has checked the client's handshake and its Origin before it calls the handler; it answers pings, asks
/// whether the client is still there, and closes. No thread is held meanwhile.
///
/// The functions run on the route's executor, one at a time and in order: `opened`, then messages, then
/// `closed`, exactly once each except for messages. What they throw is logged and ends the socket (1011).
/// While they are busy the client is not read from.
struct Upgrade {
    std::function<void(const WebSocket&)> opened = {};
    std::function<void(const WebSocket&, WebSocketMessage)> received = {};
    std::function<void(const WebSocketEnd&)> closed = {};
};

} // namespace core::http
