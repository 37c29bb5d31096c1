#include <algorithm>

#include "http/loop.h"
#include "http/taken.h"
#include "http/web_socket_handshake.h"

namespace core::http {

namespace {
/// What is in frames already and waits for the client; messages beyond it wait in the session, which counts
/// them.
constexpr std::size_t kWriteAhead = 65536;
} // namespace

void Server::Loop::upgrade(Connection& connection, Upgrade upgrade) {
    if (!takeOrRefuse(connection, counters_.webSockets, options_.maxWebSockets, counters_.rejectedWebSockets,
                      "Too many WebSockets are open here; try again soon."))
        return;
    Taken place(counters_.webSockets);
    const Dispatcher::Incoming& incoming = connection.exchange->incoming;
    const WebSocketLimits& limits = *incoming.match.route->webSocket;
    const std::size_t message = std::min(limits.message, options_.maxWebSocketMessage);
    connection.out = webSocketAccepted(incoming.request, limits);
    connection.outAt = 0;
    connection.webSocket = std::make_unique<WebSocketConnection>(WebSocketConnection{
        WebSocketFrames({std::min(message, options_.maxWebSocketFrame), message}),
        std::make_shared<WebSocketSession>(
            std::move(upgrade),
            WebSocketSession::Limits{message, std::min(limits.queue, options_.maxWebSocketQueue)},
            [&pool = poolOf(incoming.match.route.get())](std::function<void()> task) {
                return pool.submit(std::move(task));
            },
            [weak = weak_from_this(), id = connection.id] {
                if (const auto loop = weak.lock())
                    loop->postAction(id, Phase::webSocket, &Loop::serveWebSocket);
            },
            log_)});
    place.keep(); // it is given back when the WebSocket ends
    if ((connection.late = std::move(connection.exchange->incoming.late)))
        connection.late->upgrade();
    connection.exchange.reset();
    handToLoop(connection, &Loop::openWebSocket);
}

void Server::Loop::openWebSocket(Connection& connection) {
    connection.phase.store(Phase::webSocket, std::memory_order_release);
    const auto session = connection.webSocket->session;
    scheduled(session, session->opened());
    setDeadline(connection, options_.webSocketPing);
    if (stopping_)
        session->close({1001, "The server stops."});
    onWebSocket(connection);
}

void Server::Loop::onWebSocket(Connection& connection) {
    if (wantsFrames(connection))
        readWebSocket(connection);
    serveWebSocket(connection);
}

bool Server::Loop::wantsFrames(const Connection& connection) {
    const WebSocketConnection& socket = *connection.webSocket;
    return !socket.frames.over() && connection.out.size() - connection.outAt < kWriteAhead &&
           !socket.session->busy();
}

void Server::Loop::readWebSocket(Connection& connection) {
    WebSocketConnection& socket = *connection.webSocket;
    readAvailable(connection); // beside what came with the handshake
    if (connection.in.empty())
        return;
    socket.heard = true;
    std::vector<WebSocketMessage> received;
    socket.frames.feed(connection.in, received);
    connection.in = std::string();
    if (received.empty())
        return;
    counters_.webSocketsIn += received.size();
    scheduled(socket.session, socket.session->received(std::move(received)));
}

void Server::Loop::serveWebSocket(Connection& connection) {
    WebSocketConnection& socket = *connection.webSocket;
    socket.session->look();
    if (!writeWebSocket(connection) || connection.peerClosed) {
        close(connection);
        return;
    }
    const bool waits = connection.outAt < connection.out.size();
    if (socket.frames.over() && !waits) {
        connection.out = std::string();
        endWebSocket(connection, socket.frames.end());
        endGently(connection);
        return;
    }
    const bool reads = wantsFrames(connection);
    if (reads && connection.transport.buffered()) {
        postAction(connection.id, Phase::webSocket, &Loop::onWebSocket);
        return;
    }
    if (!waits) {
        connection.out = std::string();
        connection.outAt = 0;
    }
    arm(connection, Phase::webSocket,
        (reads ? connection.transport.readEvents() : 0U) | (waits ? connection.transport.writeEvents() : 0U));
}

bool Server::Loop::writeWebSocket(Connection& connection) {
    WebSocketConnection& socket = *connection.webSocket;
    for (;;) {
        // After the answer to the handshake, which is there first.
        while (connection.out.size() - connection.outAt < kWriteAhead && !socket.frames.closing() &&
               !socket.frames.over()) {
            auto message = socket.session->next();
            if (!message)
                break;
            ++counters_.webSocketsOut;
            socket.frames.send(*message);
            connection.out.append(std::exchange(socket.frames.out(), {}));
        }
        if (const auto end = socket.session->wantsToClose(); end && !socket.frames.closing())
            closeWebSocket(connection, *end);
        connection.out.append(std::exchange(socket.frames.out(), {}));
        if (connection.outAt == connection.out.size())
            return true;
        const std::size_t before = connection.outAt;
        if (!writeSome(connection))
            return false;
        if (connection.outAt < connection.out.size()) {
            // The part that is gone would grow with each message that finds the socket full.
            connection.out.erase(0, connection.outAt);
            connection.outAt = 0;
            return true;
        }
        if (connection.outAt == before)
            return true;
        connection.out.clear();
        connection.outAt = 0;
    }
}

void Server::Loop::onWebSocketDeadline(Connection& connection) {
    WebSocketConnection& socket = *connection.webSocket;
    if (socket.frames.closing() || !std::exchange(socket.heard, false)) {
        close(connection);
        return;
    }
    socket.frames.ping();
    setDeadline(connection, options_.webSocketPing);
    serveWebSocket(connection);
}

void Server::Loop::closeWebSocket(Connection& connection, const WebSocketEnd& end) {
    connection.webSocket->frames.close(end);
    setDeadline(connection, options_.webSocketCloseTimeout);
}

void Server::Loop::endWebSocket(Connection& connection, const WebSocketEnd& end) {
    const auto session = connection.webSocket->session;
    scheduled(session, session->ended(end));
    if (const auto late = std::exchange(connection.late, nullptr))
        late->ended(end);
    connection.webSocket.reset();
    --counters_.webSockets;
}

void Server::Loop::scheduled(const std::shared_ptr<WebSocketSession>& session, bool done) {
    if (!done)
        unscheduled_.push_back(session);
}

void Server::Loop::scheduleAgain() {
    std::erase_if(unscheduled_, [](const auto& session) { return session->schedule(); });
}

} // namespace core::http
