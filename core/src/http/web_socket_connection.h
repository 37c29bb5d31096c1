#pragma once

#include <cstdint>
#include <memory>

#include "http/web_socket_frames.h"
#include "http/web_socket_session.h"

namespace core::http {

/// What the event loop keeps of a connection that has become a WebSocket.
struct WebSocketConnection {
    WebSocketFrames frames;
    std::shared_ptr<WebSocketSession> session;
    bool heard = true; ///< something has come since the last ping
};

} // namespace core::http
