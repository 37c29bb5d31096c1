#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/export.h"
#include "core/http/message.h"
#include "core/http/middleware.h"
#include "core/http/principal.h"
#include "core/http/request.h"
#include "core/http/route.h"
#include "core/http/web_socket.h"
#include "core/log.h"

namespace core::http {

/// The client's side of a WebSocket that a handler of a LocalServer has opened. The handler's functions run
/// on the caller's thread. Cheap to copy. Thread-safe, but one message at a time.
class CORE_EXPORT LocalWebSocket {
public:
    class Channel;
    explicit LocalWebSocket(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

    /// What the handler has sent since the last call.
    [[nodiscard]] std::vector<WebSocketMessage> take();
    /// Gives the handler a message; nothing happens once it is over.
    void send(WebSocketMessage message);
    /// Ends it as a client does; tells the handler.
    void close(const WebSocketEnd& end);
    /// How it came to an end, whoever ended it; nullopt: it is open.
    [[nodiscard]] std::optional<WebSocketEnd> end() const;

private:
    std::shared_ptr<Channel> channel_;
};

/// What came of a request to a LocalServer: the answer, the wait of a handler that parked it, or a WebSocket.
/// Cheap to copy. Thread-safe.
class CORE_EXPORT LocalAnswer {
public:
    struct State;
    explicit LocalAnswer(std::shared_ptr<State> state) : state_(std::move(state)) {}

    /// True while the request is parked and nobody has answered.
    [[nodiscard]] bool waiting() const;
    /// Waits for the answer; false if none came in time.
    [[nodiscard]] bool await(std::chrono::milliseconds limit) const;
    /// The answer. Throws core::Error(kInternal) while there is none.
    [[nodiscard]] Response response() const;
    /// How long the handler that parked it wants it to wait; 0 for one that did not.
    [[nodiscard]] std::chrono::milliseconds wait() const;
    /// The socket of a handler that has made it one; nullopt for any other.
    [[nodiscard]] std::optional<LocalWebSocket> webSocket() const;
    /// Ends the wait as time does: the answer is what the handler gave for that case, unless somebody who
    /// claimed the request is about to answer.
    void endWait();
    /// Ends it as a client does who goes away: nobody can claim it any more.
    void hangUp();

private:
    std::shared_ptr<State> state_;
};

/// Routes without a network: requests are judged and handled by the same code as those of the host's server,
/// on the caller's thread. For tests of modules. Thread-safe after the routes were added.
class CORE_EXPORT LocalServer {
public:
    /// The first two must outlive it.
    LocalServer(Authentication& authentication, const Clock& clock, const Logger& log);
    ~LocalServer();
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;

    /// Throws core::Error(kInternal) for routes with which a host would not serve: no permission, changing
    /// without an audit action, a pattern that is taken or malformed; kValidation for such middleware.
    void add(const std::string& module, std::vector<Route> routes, std::vector<Middleware> middleware = {});
    /// Method, path, query, headers and body are the caller's; what a connection would know is filled in, and
    /// the handshake where the route is a WebSocket and the request has none.
    [[nodiscard]] LocalAnswer send(Request request) const;
    /// The OpenAPI document of the routes.
    [[nodiscard]] std::string openApi(const std::string& version) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace core::http
