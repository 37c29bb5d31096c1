#include "http/loop.h"

#include "core/uuid.h"
#include "http/response_writer.h"

namespace core::http {

namespace {
constexpr std::size_t kReadAtOnce = 4 * 65536;
} // namespace

void Server::Loop::onReadable(Connection& connection) {
    for (std::size_t total = 0; total < kReadAtOnce;) {
        const auto got = connection.transport.read(scratch_);
        if (got.progress == Transport::Progress::ended)
            connection.peerClosed = true;
        if (got.progress != Transport::Progress::some)
            break;
        connection.in.append(scratch_.data(), got.bytes);
        total += got.bytes;
        if (got.bytes < scratch_.size())
            break;
    }
    advance(connection);
}

void Server::Loop::advance(Connection& connection) {
    if (!connection.exchange) {
        if (connection.in.empty()) {
            if (connection.peerClosed || stopping_) {
                close(connection);
                return;
            }
            connection.in = std::string();
            arm(connection, Phase::idle, EPOLLIN);
            return;
        }
        connection.exchange = std::make_unique<Connection::Exchange>(options_.head);
        connection.deadlineMs = steadyMs() + options_.headTimeout.count();
    }
    Connection::Exchange& exchange = *connection.exchange;
    if (!exchange.body) {
        switch (exchange.parser.feed(connection.in)) {
        case HeadParser::Progress::incomplete:
            waitForMore(connection);
            return;
        case HeadParser::Progress::refused:
            refuse(connection, exchange.parser.refusal().status, exchange.parser.refusal().message);
            return;
        case HeadParser::Progress::complete:
            connection.in.erase(0, exchange.parser.consumed());
            headComplete(connection);
            break;
        }
    }
    switch (exchange.body->feed(connection.in)) {
    case BodyReader::Progress::incomplete:
        waitForMore(connection);
        return;
    case BodyReader::Progress::complete:
        exchange.incoming.request.body = std::move(exchange.body->body());
        break;
    case BodyReader::Progress::tooLarge:
        exchange.keepAlive = false;
        exchange.incoming.bodyProblem = Dispatcher::bodyTooLarge(exchange.incoming.match);
        break;
    case BodyReader::Progress::malformed:
        refuse(connection, 400, "The chunks of the body are not well-formed.");
        return;
    }
    dispatch(connection);
}

void Server::Loop::headComplete(Connection& connection) {
    Connection::Exchange& exchange = *connection.exchange;
    Head& head = exchange.parser.head();
    Request& request = exchange.incoming.request;
    exchange.keepAlive = head.keepAlive;
    exchange.headOnly = head.method == "HEAD";
    request.method = std::move(head.method);
    request.path = std::move(head.path);
    request.query = std::move(head.query);
    request.headers = std::move(head.headers);
    request.remoteAddress = connection.peer.data();
    request.requestId = Uuid::generate(clock_.now()).toString();
    exchange.incoming.match = router_.find(request.method, request.path);
    exchange.body = std::make_unique<BodyReader>(head, Dispatcher::bodyLimit(exchange.incoming.match));
    const bool takesBody = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (takesBody && !head.chunked && !head.contentLength) {
        exchange.keepAlive = false; // what follows may be meant as the body: it is no next request
        exchange.incoming.bodyProblem =
            Error(errors::kLengthRequired, "Send the length of the body, Content-Length: 0 for none.");
    }
    if (head.chunked || head.contentLength.value_or(0) > 0) {
        connection.deadlineMs = steadyMs() + options_.bodyTimeout.count();
        if (head.expectContinue && !exchange.body->declaredTooLarge()) {
            constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
            [[maybe_unused]] const auto sent = connection.transport.write(kContinue);
        }
    }
}

void Server::Loop::waitForMore(Connection& connection) {
    if (connection.peerClosed) {
        // Nothing of a request that was cut short is ever acted upon.
        refuse(connection, 400, "The request ended before it was complete.");
        return;
    }
    if (connection.timerAt == 0 || connection.deadlineMs < connection.timerAt)
        addTimer(connection, connection.deadlineMs);
    arm(connection, Phase::reading, EPOLLIN);
}

void Server::Loop::refuse(Connection& connection, int status, const std::string& message) {
    ++refused_;
    static constexpr ErrorKind kKinds[] = {
        {"MalformedRequest", 400, "", ""},   {"RequestTimeout", 408, "", ""}, {"UriTooLong", 414, "", ""},
        {"ExpectationFailed", 417, "", ""},  {"HeaderTooLarge", 431, "", ""}, {"NotImplemented", 501, "", ""},
        {"VersionNotSupported", 505, "", ""}};
    const ErrorKind* kind = &kKinds[0];
    for (const auto& known : kKinds)
        if (known.status == status)
            kind = &known;
    const std::string requestId = Uuid::generate(clock_.now()).toString();
    // First the answer: `message` may belong to the exchange.
    connection.out = serialize(Response::error(Error(*kind, message)), {false, false, requestId, false});
    connection.exchange.reset();
    connection.in = std::string();
    connection.outAt = 0;
    connection.closeAfterWrite = true;
    continueWriting(connection);
}

void Server::Loop::dispatch(Connection& connection) {
    ++requests_;
    Connection::Exchange& exchange = *connection.exchange;
    const bool isBlocking =
        exchange.incoming.match.route && exchange.incoming.match.route->executor == Executor::blocking;
    connection.phase.store(Phase::dispatched, std::memory_order_release);
    // Taken now: once submitted, the connection belongs to the worker.
    const bool submitted =
        (isBlocking ? blocking_ : fast_).submit([this, pointer = &connection] { work(*pointer); });
    if (submitted)
        return;
    ++rejected_;
    connection.phase.store(Phase::reading, std::memory_order_release);
    respond(connection,
            Response::error(Error(errors::kUnavailable, "The server is too busy; try again soon.")), true);
}

} // namespace core::http
