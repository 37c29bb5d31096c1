#include "http/loop.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#include <fmt/format.h>

#include "core/uuid.h"
#include "http/response_writer.h"

namespace core::http {

namespace {
/// The process may hold as many connections as the system lets it.
void raiseFileLimit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}
} // namespace

Server::Loop::Loop(ServerOptions options, const Router& router, const Dispatcher& dispatcher,
                   const Clock& clock, Logger log)
    : options_(std::move(options)), router_(router), dispatcher_(dispatcher), clock_(clock),
      log_(std::move(log)), fast_("http-fast", options_.fastWorkers, options_.maxQueueWait),
      blocking_("http-blocking", options_.blockingWorkers, options_.maxQueueWait),
      probe_("http-probe", 1, options_.maxQueueWait), requests_(options_.maxRequestMemory) {}

void Server::Loop::bind() {
    raiseFileLimit();
    spare_ = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (options_.tls) {
        certificate_ = std::make_unique<TlsCertificate>(*options_.tls, clock_, log_);
        options_.ticks.push_back({options_.tlsRefresh, [this] { certificate_->refresh(); }});
    }
    std::vector<Listener> listeners;
    listeners.reserve(options_.adopted.size() + options_.addresses.size());
    for (const int fd : options_.adopted)
        listeners.push_back(Listener::adopt(FileDescriptor(fd)));
    if (options_.adopted.empty())
        for (const ListenAddress& address : options_.addresses)
            listeners.push_back(Listener::bind(address));
    for (Listener& listener : listeners) {
        using Protocol = ListenAddress::Protocol;
        const bool tls = listener.protocol() == Protocol::tls ||
                         (listener.protocol() == Protocol::automatic && certificate_);
        if (tls && !certificate_)
            throw Error(errors::kUnavailable,
                        fmt::format("Cannot speak TLS on {}: there is no certificate.", listener.name()));
        addresses_.push_back(listener.name());
        if (port_ == 0)
            port_ = listener.port();
        entrances_.push_back({std::move(listener), tls});
    }
}

void Server::Loop::start() {
    if (entrances_.empty())
        bind();
    for (std::size_t i = 0; i < entrances_.size(); ++i) {
        entrances_[i].listener.listen();
        if (!queue_.add(entrances_[i].listener.descriptor(), EPOLLIN, i))
            throw std::system_error(errno, std::generic_category(), "epoll");
    }
    for (std::size_t i = 0; i < options_.ticks.size(); ++i)
        timers_.add(steadyMs(), i);
    thread_ = std::jthread([this] {
        pthread_setname_np(pthread_self(), "http-loop");
        run();
    });
}

void Server::Loop::reloadCertificate() {
    queue_.post([this] {
        if (certificate_)
            certificate_->reload();
    });
}

bool Server::Loop::stop() {
    if (!thread_.joinable())
        return !abandoned_;
    queue_.post([this] { beginStop(); });
    thread_.join();
    if (!abandoned_) {
        fast_.stop();
        blocking_.stop();
        probe_.stop();
        for (const auto& session : unscheduled_)
            session->finish();
    }
    queue_.close();
    return !abandoned_;
}

ServerStats Server::Loop::stats() const noexcept {
    const Counters& c = counters_;
    return {.accepted = c.accepted,
            .open = c.open,
            .parked = c.parked,
            .requests = c.requests,
            .refused = c.refused,
            .rejected = c.rejected,
            .rejectedOfAddress = c.rejectedOfAddress,
            .rejectedProxies = c.rejectedProxies,
            .overloaded = c.overloaded,
            .rejectedParks = c.rejectedParks,
            .handshakes = c.handshakes,
            .failedHandshakes = c.failedHandshakes,
            .lateHeads = c.lateHeads,
            .lateBodies = c.lateBodies,
            .lateReaders = c.lateReaders,
            .webSockets = c.webSockets,
            .rejectedWebSockets = c.rejectedWebSockets,
            .rejectedForMemory = c.rejectedForMemory,
            .requestBytes = requests_.used(),
            .webSocketsIn = c.webSocketsIn,
            .webSocketsOut = c.webSocketsOut};
}

std::optional<Certificate> Server::Loop::certificate() const {
    return certificate_ ? std::optional(certificate_->facts()) : std::nullopt;
}

// ---- events

void Server::Loop::run() {
    while (!(stopping_ && connections_.empty())) {
        for (const epoll_event& event : queue_.wait(nextTimeout())) {
            const std::uint64_t tag = event.data.u64;
            if (tag < kFirstConnection) {
                if (tag < entrances_.size())
                    accept(entrances_[tag]);
            } else if (const auto found = connections_.find(tag); found != connections_.end()) {
                onEvent(*found->second, event.events);
            }
        }
        queue_.runPosted();
        expire();
        scheduleAgain();
        if (arming_ == 0)
            leftOpen_.clear();
        if (stopping_)
            endIdle();
        if (stopping_ && steadyMs() > stopAt_)
            forceClose();
    }
}

int Server::Loop::nextTimeout() const {
    const auto due = timers_.next();
    std::int64_t next = due ? *due - steadyMs() : 60000;
    if (stopping_ || !leftOpen_.empty() || !unscheduled_.empty())
        next = std::min<std::int64_t>(next, 20);
    return static_cast<int>(std::clamp<std::int64_t>(next, 0, 60000));
}

void Server::Loop::arm(Connection& connection, Phase phase, std::uint32_t events) const {
    // While writing, a client that has ended its side is no news: it would be reported without end. Of a
    // WebSocket what was sent before that is still to be read.
    const bool noNews = phase == Phase::writing || phase == Phase::webSocket;
    events |= EPOLLONESHOT | (noNews ? 0U : std::uint32_t{EPOLLRDHUP});
    const int fd = connection.transport.descriptor();
    const std::uint64_t id = connection.id;
    ++arming_;
    connection.phase.store(phase, std::memory_order_release);
    queue_.change(fd, events, id);
    --arming_;
}

void Server::Loop::accept(const Entrance& entrance) {
    for (;;) {
        auto accepted = entrance.listener.accept();
        if (!accepted) {
            if (errno == EMFILE || errno == ENFILE)
                turnAwayWithoutDescriptor(entrance.listener);
            return;
        }
        if (stopping_ || connections_.size() >= options_.maxConnections) {
            ++counters_.rejected;
            Transport transport(std::move(accepted->fd));
            turnAway(transport, entrance.tls || options_.proxyProtocol,
                     "The server has too many connections.");
            continue;
        }
        auto connection = std::make_unique<Connection>(std::move(*accepted), nextId_);
        connection->tls = entrance.tls;
        connection->trusted =
            entrance.listener.local() || options_.trustedProxies.contains(connection->peer.data());
        if (options_.proxyProtocol && !connection->trusted) {
            ++counters_.rejectedProxies;
            continue;
        }
        if (options_.proxyProtocol) {
            connection->phase = Phase::proxyHeader;
        } else if (!admit(*connection)) {
            turnAway(connection->transport, entrance.tls, "Your address has too many connections.");
            continue;
        } else if (entrance.tls) {
            connection->phase = Phase::handshake;
        }
        const std::uint64_t id = nextId_++;
        if (!queue_.add(connection->transport.descriptor(), EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, id)) {
            log_.error("a connection cannot be watched, and is closed",
                       {{"error", std::generic_category().message(errno)}});
            if (connection->counted)
                addressCount_.giveBack(*connection->counted);
            ++counters_.rejected;
            continue;
        }
        setDeadline(*connection, options_.headTimeout);
        connections_.emplace(id, std::move(connection));
        ++counters_.accepted;
        ++counters_.open;
    }
}

void Server::Loop::turnAwayWithoutDescriptor(const Listener& listener) {
    constexpr std::int64_t kReportEveryMs = 10000;
    if (spareUsedAt_ == 0 || steadyMs() - spareUsedAt_ > kReportEveryMs) {
        log_.error("no descriptor is free for another connection; raise the limit of open files");
        spareUsedAt_ = steadyMs();
    }
    spare_ = FileDescriptor();
    if (listener.accept())
        ++counters_.rejected;
    spare_ = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool Server::Loop::admit(Connection& connection) {
    const auto address = connection.trusted ? std::nullopt : IpAddress::parse(connection.peer.data());
    if (!address || address->isLoopback())
        return true;
    const auto key = address->network();
    if (!addressCount_.take(key, options_.maxConnectionsPerAddress)) {
        ++counters_.rejectedOfAddress;
        const std::string peer = connection.peer.data();
        if (const auto leftOut = quietAddresses_.write(peer, clock_.steady()))
            log_.warn("an address has too many connections; those over http.max_connections_per_address are "
                      "turned away",
                      {{"address", peer},
                       {"limit", static_cast<std::int64_t>(options_.maxConnectionsPerAddress)},
                       {"left_out", *leftOut}});
        return false;
    }
    connection.counted = key;
    return true;
}

void Server::Loop::turnAway(Transport& transport, bool tls, const char* why) {
    if (tls) // a handshake is more than a client is worth that must go
        return;
    // What is unread when the socket is closed would make the kernel take the answer back.
    static_cast<void>(transport.discard(scratch_));
    static_cast<void>(
        transport.write(serialize(Response::error(Error(errors::kUnavailable, why)),
                                  {false, false, Uuid::generate(clock_.now()).toString(), false})
                            .own));
    transport.endWriting();
}

void Server::Loop::onEvent(Connection& connection, std::uint32_t flags) {
    // A worker may have armed the connection an instant ago: its writes are published by this load.
    switch (connection.phase.load(std::memory_order_acquire)) {
    case Phase::proxyHeader:
        readProxyHeader(connection);
        break;
    case Phase::handshake:
        shakeHands(connection);
        break;
    case Phase::idle:
    case Phase::reading:
        onReadable(connection);
        break;
    case Phase::writing:
        if ((flags & (EPOLLHUP | EPOLLERR)) != 0)
            close(connection);
        else
            continueWriting(connection);
        break;
    case Phase::parked:
        // Nothing to read is expected here; what matters is that the client has gone.
        if ((flags & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
            if (connection.park->leaveWaiting(detail::ParkState::Phase::over))
                close(connection);
            else
                connection.peerClosed = true; // the answer is on its way; it will find out
        }
        break;
    case Phase::webSocket:
        // Broken, or over on both sides while nobody has time to read the rest: it would be reported without
        // end.
        if ((flags & EPOLLERR) != 0 || ((flags & EPOLLHUP) != 0 && connection.webSocket->session->busy()))
            close(connection);
        else
            onWebSocket(connection);
        break;
    case Phase::draining:
        drain(connection);
        break;
    case Phase::dispatched:
        break;
    }
}

// ---- deadlines

void Server::Loop::setDeadline(Connection& connection, milliseconds after) {
    const std::int64_t at = steadyMs() + after.count();
    connection.deadlineMs = at;
    if (connection.timerAt == 0 || at < connection.timerAt)
        addTimer(connection, at);
}

void Server::Loop::addTimer(Connection& connection, std::int64_t at) {
    connection.timerAt = at;
    timers_.add(at, connection.id);
}

void Server::Loop::expire() {
    const std::int64_t now = steadyMs();
    while (const auto timer = timers_.takeDue(now)) {
        if (timer->id < kFirstConnection) {
            tick(timer->id);
            continue;
        }
        const auto found = connections_.find(timer->id);
        if (found == connections_.end() || found->second->timerAt != timer->at)
            continue;
        Connection& connection = *found->second;
        connection.timerAt = 0;
        const std::int64_t deadline = connection.deadlineMs.load();
        const Phase phase = connection.phase.load(std::memory_order_acquire);
        // A client that has sent what is waited for is not late: the loop is, and gets to it.
        if (phase == Phase::dispatched || deadline > now || hasUnread(connection, phase))
            addTimer(connection, std::max(deadline, now + 1000));
        else
            onDeadline(connection, phase);
    }
}

bool Server::Loop::hasUnread(const Connection& connection, Phase phase) {
    if (phase != Phase::handshake && phase != Phase::proxyHeader && phase != Phase::idle &&
        phase != Phase::reading)
        return false;
    char next = 0;
    return connection.transport.peek({&next, 1}).progress == Transport::Progress::some;
}

void Server::Loop::tick(std::size_t index) {
    const auto& [every, action] = options_.ticks[index];
    action();
    timers_.add(steadyMs() + every.count(), index);
}

void Server::Loop::onDeadline(Connection& connection, Phase phase) {
    if (phase == Phase::parked) {
        if (connection.park->leaveWaiting(detail::ParkState::Phase::over))
            answerParked(connection, std::move(connection.park->onTimeout));
        else // its answer is being made
            setDeadline(connection, options_.writeTimeout);
    } else if (phase == Phase::webSocket) {
        onWebSocketDeadline(connection);
    } else if (phase == Phase::reading && connection.exchange) {
        ++(connection.exchange->body ? counters_.lateBodies : counters_.lateHeads);
        refuse(connection, 408, "The request did not arrive in time.");
    } else {
        if (phase == Phase::handshake)
            ++counters_.failedHandshakes;
        else if (phase == Phase::proxyHeader)
            ++counters_.rejectedProxies;
        else if (phase == Phase::writing)
            ++counters_.lateReaders;
        else if (phase == Phase::idle)
            connection.transport.endWriting();
        close(connection);
    }
}

// ---- ending

void Server::Loop::close(Connection& connection) {
    if (connection.counted)
        addressCount_.giveBack(*connection.counted);
    if (connection.park) {
        --counters_.parked;
        connection.park->leaveWaiting(detail::ParkState::Phase::over);
    }
    if (connection.webSocket)
        endWebSocket(connection, connection.webSocket->frames.end());
    --counters_.open;
    // A worker that is about to arm a connection has only the descriptor's number: were it closed now, the
    // number might be another client's by then.
    if (arming_ > 0)
        leftOpen_.push_back(connection.transport.release());
    connections_.erase(connection.id);
}

void Server::Loop::beginStop() {
    stopping_ = true;
    stopAt_ = steadyMs() + options_.stopTimeout.count();
    entrances_.clear();
    std::vector<Connection*> waiting;
    waiting.reserve(connections_.size());
    for (const auto& [id, connection] : connections_)
        waiting.push_back(connection.get());
    for (Connection* connection : waiting) {
        const Phase phase = connection->phase.load(std::memory_order_acquire);
        if (phase == Phase::handshake || phase == Phase::proxyHeader)
            close(*connection);
        else if (phase == Phase::parked && connection->park->leaveWaiting(detail::ParkState::Phase::over))
            answerParked(*connection, std::move(connection->park->onTimeout));
        else if (phase == Phase::webSocket)
            connection->webSocket->session->close({1001, "The server stops."}); // after what is queued
    }
}

void Server::Loop::endIdle() {
    std::vector<Connection*> idle;
    for (const auto& [id, connection] : connections_) // what a worker may be arming: the next time
        if (connection->phase.load(std::memory_order_acquire) == Phase::idle && arming_ == 0)
            idle.push_back(connection.get());
    for (Connection* connection : idle)
        onReadable(*connection);
}

void Server::Loop::forceClose() {
    std::vector<Connection*> rest;
    for (const auto& [id, connection] : connections_)
        if (connection->phase.load(std::memory_order_acquire) != Phase::dispatched)
            rest.push_back(connection.get());
    for (Connection* connection : rest)
        close(*connection);
    if (connections_.empty() || steadyMs() <= stopAt_ + options_.stopTimeout.count())
        return;
    log_.error("requests did not end in time and are abandoned",
               {{"count", static_cast<std::int64_t>(connections_.size())}});
    abandoned_ = true;
    for (auto& [id, connection] : connections_) // their workers still use them
        [[maybe_unused]]
        auto* leaked = connection.release();
    connections_.clear();
}

} // namespace core::http
