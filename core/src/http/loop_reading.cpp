#include "http/loop.h"

#include "core/uuid.h"
#include "http/forwarded.h"
#include "http/proxy_header.h"
#include "http/request_id.h"
#include "http/response_writer.h"

namespace core::http {

namespace {
constexpr const char* kNoMemory = "The server has no memory left for a request of this size; try again soon.";
} // namespace

void Server::Loop::readProxyHeader(Connection& connection) {
    // Not a byte more than the header is taken: what follows may be TLS's.
    std::array<char, kMaxProxyHeader> block{};
    const auto seen = connection.transport.peek(block);
    if (seen.progress == Transport::Progress::wait) {
        arm(connection, Phase::proxyHeader, EPOLLIN);
        return;
    }
    const std::size_t before = connection.in.size();
    connection.in.append(block.data(), seen.bytes);
    const auto parsed = parseProxyHeader(connection.in);
    if (seen.progress == Transport::Progress::ended || parsed.progress == ProxyParse::Progress::refused) {
        ++counters_.rejectedProxies;
        close(connection);
        return;
    }
    const bool complete = parsed.progress == ProxyParse::Progress::complete;
    const std::size_t taken = complete ? parsed.header.size - before : seen.bytes;
    static_cast<void>(connection.transport.discard(std::span(block).first(taken)));
    if (!complete) {
        arm(connection, Phase::proxyHeader, EPOLLIN);
        return;
    }
    connection.in = std::string();
    connection.secureBefore = parsed.header.secure;
    if (const auto& client = parsed.header.client) {
        const std::string text = client->text();
        connection.peer = {};
        text.copy(connection.peer.data(), connection.peer.size() - 1);
        connection.trusted = options_.trustedProxies.contains(*client);
    }
    if (!admit(connection)) {
        turnAway(connection.transport, connection.tls, "Your address has too many connections.");
        close(connection);
        return;
    }
    begin(connection);
}

void Server::Loop::begin(Connection& connection) {
    if (connection.tls) {
        shakeHands(connection);
        return;
    }
    connection.phase.store(Phase::idle, std::memory_order_release);
    onReadable(connection);
}

void Server::Loop::shakeHands(Connection& connection) {
    Transport& transport = connection.transport;
    if (!transport.secure()) {
        char first = 0;
        const auto seen = transport.peek({&first, 1});
        if (seen.progress == Transport::Progress::wait) {
            arm(connection, Phase::handshake, EPOLLIN);
            return;
        }
        if (seen.progress == Transport::Progress::ended) {
            ++counters_.failedHandshakes;
            close(connection);
            return;
        }
        if ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z')) {
            ++counters_.failedHandshakes;
            refuse(connection, 400, "This port speaks TLS: begin the address with https://.");
            return;
        }
        transport.startTls(certificate_->current());
    }
    switch (transport.handshake()) {
    case Transport::Progress::some:
        ++counters_.handshakes;
        if (auto shown = transport.clientCertificate())
            connection.clientCertificate = std::make_shared<const ClientCertificate>(std::move(*shown));
        connection.phase.store(Phase::reading, std::memory_order_release);
        onReadable(connection);
        break;
    case Transport::Progress::wait:
        arm(connection, Phase::handshake, transport.readEvents());
        break;
    case Transport::Progress::ended:
        ++counters_.failedHandshakes;
        endGently(connection); // so that the reason arrives
        break;
    }
}

void Server::Loop::onReadable(Connection& connection) {
    readAvailable(connection);
    advance(connection);
}

void Server::Loop::readAvailable(Connection& connection) {
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
}

void Server::Loop::advance(Connection& connection) {
    if (!connection.exchange) {
        if (connection.in.empty()) {
            if (connection.peerClosed || stopping_) {
                close(connection);
                return;
            }
            connection.in = std::string();
            if (connection.transport.buffered())
                readSoon(connection);
            else
                arm(connection, Phase::idle, connection.transport.readEvents());
            return;
        }
        connection.exchange = std::make_unique<Connection::Exchange>(options_.head, requests_);
        connection.deadlineMs = steadyMs() + options_.headTimeout.count();
    }
    Connection::Exchange& exchange = *connection.exchange;
    if (!exchange.body) {
        switch (exchange.parser.feed(connection.in)) {
        case HeadParser::Progress::incomplete:
            if (exchange.share.grow(connection.in.size())) {
                waitForMore(connection);
            } else {
                ++counters_.rejectedForMemory;
                refuse(connection, 503, kNoMemory);
            }
            return;
        case HeadParser::Progress::refused:
            refuse(connection, exchange.parser.refusal().status, exchange.parser.refusal().message);
            return;
        case HeadParser::Progress::complete:
            connection.in.erase(0, exchange.parser.consumed());
            if (!headComplete(connection)) {
                close(connection);
                return;
            }
            break;
        }
    }
    const auto progress = exchange.body->feed(connection.in);
    if (!exchange.share.grow(exchange.body->body().size())) {
        ++counters_.rejectedForMemory;
        dropBody(exchange, Error(errors::kUnavailable, kNoMemory));
        dispatch(connection);
        return;
    }
    switch (progress) {
    case BodyReader::Progress::incomplete:
        waitForMore(connection);
        return;
    case BodyReader::Progress::complete:
        exchange.incoming.request.body = std::move(exchange.body->body());
        break;
    case BodyReader::Progress::tooLarge:
        dropBody(exchange, Dispatcher::bodyTooLarge(exchange.incoming.match));
        break;
    case BodyReader::Progress::malformed:
        refuse(connection, 400, "The chunks of the body are not well-formed.");
        return;
    }
    dispatch(connection);
}

bool Server::Loop::headComplete(Connection& connection) {
    Connection::Exchange& exchange = *connection.exchange;
    Head& head = exchange.parser.head();
    Request& request = exchange.incoming.request;
    exchange.keepAlive = head.keepAlive;
    exchange.headOnly = head.method == "HEAD";
    request.method = std::move(head.method);
    request.path = std::move(head.path);
    request.query = std::move(head.query);
    request.headers = std::move(head.headers);
    ClientAddress client{connection.peer.data(), connection.transport.secure() || connection.secureBefore};
    if (connection.trusted)
        client = forwardedClient(request.headers, std::move(client), options_.trustedProxies);
    request.remoteAddress = std::move(client.address);
    request.secure = client.secure;
    request.clientCertificate = connection.clientCertificate;
    request.requestId = requestIdFor(request.headers, connection.trusted, clock_);
    exchange.incoming.match = router_.find(request.method, request.path);
    exchange.body = std::make_unique<BodyReader>(head, Dispatcher::bodyLimit(exchange.incoming.match));
    const bool takesBody = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (takesBody && !head.chunked && !head.contentLength)
        exchange.keepAlive = false; // what follows may be meant as the body: it is no next request
    if (head.chunked || head.contentLength.value_or(0) > 0) {
        connection.deadlineMs = steadyMs() + options_.bodyTimeout.count();
        if (head.expectContinue && !exchange.body->declaredTooLarge()) {
            constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
            // It is small, and nothing of an earlier answer waits: a socket that does not take it is broken.
            return connection.transport.write(kContinue).bytes == kContinue.size();
        }
    }
    return true;
}

void Server::Loop::waitForMore(Connection& connection) {
    if (connection.peerClosed) {
        // Nothing of a request that was cut short is ever acted upon.
        refuse(connection, 400, "The request ended before it was complete.");
        return;
    }
    if (connection.timerAt == 0 || connection.deadlineMs < connection.timerAt)
        addTimer(connection, connection.deadlineMs);
    if (connection.transport.buffered())
        readSoon(connection);
    else
        arm(connection, Phase::reading, connection.transport.readEvents());
}

void Server::Loop::readSoon(Connection& connection) {
    connection.phase.store(Phase::reading, std::memory_order_release);
    postAction(connection.id, Phase::reading, &Loop::onReadable);
}

void Server::Loop::refuse(Connection& connection, int status, const std::string& message) {
    if (status != 408 && status != 503) // which are counted for what they are
        ++counters_.refused;
    static constexpr const ErrorKind* kKinds[] = {&errors::kMalformed,      &errors::kRequestTimeout,
                                                  &errors::kUriTooLong,     &errors::kExpectationFailed,
                                                  &errors::kHeaderTooLarge, &errors::kNotImplemented,
                                                  &errors::kUnavailable,    &errors::kVersionNotSupported};
    const ErrorKind* kind = kKinds[0];
    for (const auto* known : kKinds)
        if (known->status == status)
            kind = known;
    const std::string requestId = Uuid::generate(clock_.now()).toString();
    // First the answer: `message` may belong to the exchange.
    connection.setOut(serialize(Response::error(Error(*kind, message)),
                                {false, false, requestId, connection.transport.secure()}));
    connection.exchange.reset();
    connection.in = std::string();
    connection.closeAfterWrite = true;
    continueWriting(connection);
}

WorkerPool& Server::Loop::poolOf(const Route* route) {
    switch (route != nullptr ? route->executor : Executor::fast) {
    case Executor::blocking:
        return blocking_;
    case Executor::probe:
        return probe_;
    case Executor::fast:
        break;
    }
    return fast_;
}

void Server::Loop::dropBody(Connection::Exchange& exchange, Error problem) {
    exchange.body.reset();
    exchange.keepAlive = false; // its rest may still come
    exchange.incoming.bodyProblem = std::move(problem);
}

void Server::Loop::dispatch(Connection& connection) {
    ++counters_.requests;
    Connection::Exchange& exchange = *connection.exchange;
    WorkerPool& pool = poolOf(exchange.incoming.match.route.get());
    connection.phase.store(Phase::dispatched, std::memory_order_release);
    // Once submitted, the connection belongs to the worker.
    if (pool.submit([this, pointer = &connection] { work(*pointer); }))
        return;
    ++counters_.overloaded;
    respond(connection,
            dispatcher_.refuse(exchange.incoming,
                               Error(errors::kUnavailable, "The server is too busy; try again soon.")));
}

} // namespace core::http
