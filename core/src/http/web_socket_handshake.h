#pragma once

#include <optional>
#include <string>

#include "core/http/request.h"
#include "core/http/web_socket.h"

namespace core::http {

/// The client's part of the handshake (RFC 6455, 4.2.1). nullopt: it is right. Otherwise the answer to it:
/// 426 for a request that asks for no WebSocket, or for another version of it, 400 for a malformed one.
[[nodiscard]] std::optional<Response> webSocketRefusal(const Request& request);

/// True if a browser's page of the host itself sent the request, or no browser did. Cookies and addresses
/// that are secret by being unknown go with a WebSocket whoever's page opens it.
[[nodiscard]] bool fromSameOrigin(const Request& request);

/// The bytes of the host's answer 101. The subprotocol is the first of `protocols` that the client asks for.
[[nodiscard]] std::string webSocketAccepted(const Request& request, const WebSocketLimits& limits);

} // namespace core::http
