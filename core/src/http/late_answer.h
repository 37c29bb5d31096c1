#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/access_log.h"
#include "http/cors.h"

namespace core::http {

/// What is still to be done for a request whose handler returned before its answer: a long poll's or a
/// WebSocket's. Owned by the connection, used by one thread at a time. It must not outlive the Edge.
class LateAnswer {
public:
    LateAnswer(const Cors& cors, const Request& request, const AccessLog& log,
               std::optional<AccessLine> line);
    /// Whoever was neither answered nor became a WebSocket has left.
    ~LateAnswer();
    LateAnswer(const LateAnswer&) = delete;
    LateAnswer& operator=(const LateAnswer&) = delete;

    /// Finishes what is about to be sent. Once.
    void answer(Response& response);
    /// It has become a WebSocket. Once, and then ended() once.
    void upgrade();
    void ended(const WebSocketEnd& end);

private:
    const Cors& cors_;
    std::optional<std::string> origin_;
    const AccessLog& log_;
    std::optional<AccessLine> line_;
    bool over_ = false;
};

} // namespace core::http
