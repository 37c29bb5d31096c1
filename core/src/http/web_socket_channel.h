#pragma once

#include "core/http/web_socket.h"

namespace core::http::detail {

/// What a WebSocket sends through: the event loop's connection, or a test's. Thread-safe.
class WebSocketChannel {
public:
    virtual ~WebSocketChannel() = default;
    [[nodiscard]] virtual WebSocket::Sent send(WebSocketMessage message) = 0;
    virtual void close(WebSocketEnd end) = 0;
    [[nodiscard]] virtual bool open() const = 0;
};

} // namespace core::http::detail
