#include "http/loop.h"

#include <thread>

#include "http/response_writer.h"
#include "http/taken.h"

namespace core::http {

namespace {
/// What a client must take before it gets more time: with less it could hold an answer for ever.
constexpr std::size_t kTakeInTime = 65536;
} // namespace

void Server::Loop::work(Connection& connection) {
    try {
        Connection::Exchange& exchange = *connection.exchange;
        Outcome outcome = dispatcher_.dispatch(exchange.incoming);
        if (auto* response = std::get_if<Response>(&outcome))
            respond(connection, *response);
        else if (auto* waiting = std::get_if<Park>(&outcome))
            park(connection, std::move(*waiting));
        else
            upgrade(connection, std::get<Upgrade>(std::move(outcome)));
    } catch (const std::bad_alloc&) {
        giveUp(connection);
    }
}

void Server::Loop::giveUp(Connection& connection) {
    log_.error("a connection is closed: there is no memory for its answer");
    for (;;) {
        try {
            handToLoop(connection, &Loop::close);
            return;
        } catch (const std::bad_alloc&) {
            // Others give memory back, sooner or later; the connection must not be forgotten.
            std::this_thread::sleep_for(milliseconds{10});
        }
    }
}

void Server::Loop::respond(Connection& connection, const Response& response) {
    Connection::Exchange& exchange = *connection.exchange;
    const bool keepAlive = exchange.keepAlive && !connection.peerClosed && !stopping_.load();
    connection.setOut(serialize(response, {keepAlive, exchange.headOnly, exchange.incoming.request.requestId,
                                           exchange.incoming.request.secure}));
    connection.closeAfterWrite = !keepAlive;
    connection.exchange.reset();
    if (!writeSome(connection)) {
        handToLoop(connection, &Loop::close);
    } else if (connection.outAt < connection.outSize()) {
        handToLoop(connection, &Loop::continueWriting);
    } else if (connection.closeAfterWrite || !connection.in.empty() || connection.transport.buffered()) {
        handToLoop(connection, &Loop::written);
    } else {
        connection.setOut({});
        connection.in = std::string();
        connection.deadlineMs = steadyMs() + options_.idleTimeout.count();
        arm(connection, Phase::idle, EPOLLIN);
    }
}

void Server::Loop::postAction(std::uint64_t id, Phase phase, Action action) {
    queue_.post([this, id, phase, action] {
        if (const auto found = connections_.find(id);
            found != connections_.end() && found->second->phase == phase)
            (this->*action)(*found->second);
    });
}

bool Server::Loop::takeOrRefuse(Connection& connection, std::atomic<std::uint64_t>& taken, std::size_t most,
                                std::atomic<std::uint64_t>& rejected, const char* why) {
    if (taken++ < most)
        return true;
    --taken;
    ++rejected;
    Response response = Response::error(Error(errors::kUnavailable, why));
    if (const auto& late = connection.exchange->incoming.late)
        late->answer(response);
    respond(connection, response);
    return false;
}

void Server::Loop::park(Connection& connection, Park park) {
    if (!takeOrRefuse(connection, counters_.parked, options_.maxParked, counters_.rejectedParks,
                      "Too many requests wait here already; try again soon."))
        return;
    Taken place(counters_.parked);
    auto state = std::make_shared<detail::ParkState>();
    state->onTimeout = std::move(park.onTimeout);
    const std::uint64_t id = connection.id;
    state->deliver = [weak = weak_from_this(), id](Response response) {
        if (const auto loop = weak.lock())
            loop->queue_.post([raw = loop.get(), id, response = std::move(response)]() mutable {
                if (const auto found = raw->connections_.find(id);
                    found != raw->connections_.end() && found->second->phase == Phase::parked)
                    raw->answerParked(*found->second, std::move(response));
            });
    };
    queue_.post([this, id, state, wait = park.wait] {
        if (const auto found = connections_.find(id); found != connections_.end())
            settle(*found->second, state, wait);
    });
    place.keep();
    if (park.parked)
        try {
            park.parked(ParkedRequest(state));
        } catch (const std::bad_alloc&) {
            log_.error("a long poll's handler found no memory"); // it ends by its time
        } catch (...) {
            log_.error("a long poll's handler failed", {{"error", describeCurrentException()}});
        }
}

void Server::Loop::settle(Connection& connection, std::shared_ptr<detail::ParkState> state,
                          milliseconds wait) {
    connection.parkKeepAlive = connection.exchange->keepAlive;
    connection.parkHeadOnly = connection.exchange->headOnly;
    connection.parkSecure = connection.exchange->incoming.request.secure;
    connection.parkRequestId = connection.exchange->incoming.request.requestId;
    connection.late = std::move(connection.exchange->incoming.late);
    connection.park = std::move(state);
    connection.exchange.reset();
    if (connection.in.empty())
        connection.in = std::string();
    if (stopping_)
        wait = milliseconds{0};
    setDeadline(connection, wait);
    arm(connection, Phase::parked, 0);
}

void Server::Loop::answerParked(Connection& connection, Response response) {
    --counters_.parked;
    if (const auto late = std::exchange(connection.late, nullptr))
        late->answer(response);
    const bool keepAlive = connection.parkKeepAlive && !connection.peerClosed && !stopping_;
    connection.setOut(serialize(
        response, {keepAlive, connection.parkHeadOnly, connection.parkRequestId, connection.parkSecure}));
    connection.closeAfterWrite = !keepAlive;
    connection.parkRequestId = std::string();
    connection.park.reset();
    continueWriting(connection);
}

bool Server::Loop::writeSome(Connection& connection) {
    while (connection.outAt < connection.outSize()) {
        const bool more = connection.outAt < connection.out.size() && connection.outShared;
        const auto sent = connection.transport.write(connection.nextOut(), more);
        if (sent.progress == Transport::Progress::ended)
            return false;
        if (sent.progress == Transport::Progress::wait)
            break;
        connection.outAt += sent.bytes;
    }
    return true;
}

void Server::Loop::continueWriting(Connection& connection) {
    if (!writeSome(connection)) {
        close(connection);
        return;
    }
    if (connection.outAt == connection.outSize()) {
        written(connection);
        return;
    }
    if (connection.outDue == 0 || connection.outAt >= connection.outDue) {
        connection.outDue = connection.outAt + kTakeInTime;
        setDeadline(connection, options_.writeTimeout);
    }
    arm(connection, Phase::writing, connection.transport.writeEvents());
}

void Server::Loop::written(Connection& connection) {
    connection.setOut({});
    connection.outDue = 0;
    if (connection.closeAfterWrite) {
        endGently(connection);
        return;
    }
    setDeadline(connection, options_.idleTimeout);
    connection.phase.store(Phase::reading, std::memory_order_release);
    advance(connection);
}

void Server::Loop::endGently(Connection& connection) {
    // Closing at once would make the kernel answer what is still arriving with a reset, and the client would
    // lose the answer (RFC 9112, 9.6).
    connection.transport.endWriting();
    connection.phase.store(Phase::draining, std::memory_order_release);
    setDeadline(connection, milliseconds{2000});
    drain(connection);
}

void Server::Loop::drain(Connection& connection) {
    for (std::size_t total = 0; total < kReadAtOnce;) {
        const auto got = connection.transport.discard(scratch_);
        if (got.progress == Transport::Progress::ended) {
            close(connection);
            return;
        }
        if (got.progress == Transport::Progress::wait)
            break;
        total += got.bytes;
    }
    arm(connection, Phase::draining, EPOLLIN);
}

} // namespace core::http
