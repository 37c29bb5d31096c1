#include "http/loop.h"

#include <algorithm>
#include <cerrno>

#include <pthread.h>
#include <sys/resource.h>

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
      log_(std::move(log)), fast_("http-fast", options_.fastWorkers, options_.maxQueued),
      blocking_("http-blocking", options_.blockingWorkers, options_.maxQueued) {}

void Server::Loop::start() {
    raiseFileLimit();
    listeners_.push_back(Listener::bind(options_.address));
    port_ = listeners_.front().port();
    for (std::size_t i = 0; i < listeners_.size(); ++i)
        queue_.add(listeners_[i].descriptor(), EPOLLIN, i);
    thread_ = std::jthread([this] {
        pthread_setname_np(pthread_self(), "http-loop");
        run();
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
    }
    queue_.close();
    return !abandoned_;
}

ServerStats Server::Loop::stats() const noexcept {
    return {accepted_.load(), open_.load(),    parked_.load(),
            requests_.load(), refused_.load(), rejected_.load()};
}

// ---- events

void Server::Loop::run() {
    while (!(stopping_ && connections_.empty())) {
        for (const epoll_event& event : queue_.wait(nextTimeout())) {
            const std::uint64_t tag = event.data.u64;
            if (tag < kFirstConnection) {
                if (tag < listeners_.size())
                    accept(listeners_[tag]);
            } else if (const auto found = connections_.find(tag); found != connections_.end()) {
                onEvent(*found->second, event.events);
            }
        }
        queue_.runPosted();
        expire();
        if (stopping_ && steadyMs() > stopAt_)
            forceClose();
    }
}

int Server::Loop::nextTimeout() const {
    const auto due = timers_.next();
    std::int64_t next = due ? *due - steadyMs() : 60000;
    if (stopping_)
        next = std::min<std::int64_t>(next, 20);
    return static_cast<int>(std::clamp<std::int64_t>(next, 0, 60000));
}

void Server::Loop::arm(Connection& connection, Phase phase, std::uint32_t events) const {
    // While writing, a client that has ended its side is no news: it would be reported without end.
    events |= EPOLLONESHOT | (phase == Phase::writing ? 0U : std::uint32_t{EPOLLRDHUP});
    const int fd = connection.transport.descriptor();
    const std::uint64_t id = connection.id;
    connection.phase.store(phase, std::memory_order_release);
    queue_.change(fd, events, id);
}

void Server::Loop::accept(const Listener& listener) {
    for (;;) {
        auto accepted = listener.accept();
        if (!accepted) {
            if (errno == EMFILE || errno == ENFILE)
                log_.error("no descriptor is free for another connection; raise the limit of open files");
            return;
        }
        if (stopping_ || connections_.size() >= options_.maxConnections) {
            ++rejected_;
            continue;
        }
        const std::uint64_t id = nextId_++;
        auto connection = std::make_unique<Connection>(std::move(*accepted), id);
        queue_.add(connection->transport.descriptor(), EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, id);
        setDeadline(*connection, options_.headTimeout);
        connections_.emplace(id, std::move(connection));
        ++accepted_;
        ++open_;
    }
}

void Server::Loop::onEvent(Connection& connection, std::uint32_t flags) {
    // A worker may have armed the connection an instant ago: its writes are published by this load.
    switch (connection.phase.load(std::memory_order_acquire)) {
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
        const auto found = connections_.find(timer->id);
        if (found == connections_.end() || found->second->timerAt != timer->at)
            continue;
        Connection& connection = *found->second;
        connection.timerAt = 0;
        const std::int64_t deadline = connection.deadlineMs.load();
        const Phase phase = connection.phase.load(std::memory_order_acquire);
        if (phase == Phase::dispatched || deadline > now)
            addTimer(connection, std::max(deadline, now + 1000));
        else
            onDeadline(connection, phase);
    }
}

void Server::Loop::onDeadline(Connection& connection, Phase phase) {
    if (phase == Phase::parked) {
        if (connection.park->leaveWaiting(detail::ParkState::Phase::over))
            answerParked(connection, connection.park->onTimeout);
        else // its answer is being made
            setDeadline(connection, options_.writeTimeout);
    } else if (phase == Phase::reading && connection.exchange) {
        refuse(connection, 408, "The request did not arrive in time.");
    } else {
        close(connection);
    }
}

// ---- ending

void Server::Loop::close(Connection& connection) {
    if (connection.park) {
        --parked_;
        connection.park->leaveWaiting(detail::ParkState::Phase::over);
    }
    --open_;
    connections_.erase(connection.id);
}

void Server::Loop::beginStop() {
    stopping_ = true;
    stopAt_ = steadyMs() + options_.stopTimeout.count();
    listeners_.clear();
    std::vector<Connection*> waiting;
    for (const auto& [id, connection] : connections_)
        waiting.push_back(connection.get());
    for (Connection* connection : waiting) {
        const Phase phase = connection->phase.load(std::memory_order_acquire);
        if (phase == Phase::idle) // a worker may be arming it this instant: let its end be an event
            connection->transport.endReading();
        else if (phase == Phase::parked && connection->park->leaveWaiting(detail::ParkState::Phase::over))
            answerParked(*connection, connection->park->onTimeout);
    }
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
