#include "core/http/web_socket.h"

#include "http/web_socket_channel.h"

namespace core::http {

WebSocket::WebSocket(std::shared_ptr<detail::WebSocketChannel> channel) : channel_(std::move(channel)) {}
WebSocket::WebSocket(const WebSocket&) = default;
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(const WebSocket&) = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;
WebSocket::~WebSocket() = default;

WebSocket::Sent WebSocket::send(WebSocketMessage message) const {
    return channel_->send(std::move(message));
}

void WebSocket::close(WebSocketEnd end) const {
    channel_->close(std::move(end));
}

bool WebSocket::open() const {
    return channel_->open();
}

} // namespace core::http
