#include "http/server.h"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <queue>
#include <system_error>
#include <unordered_map>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "core/uuid.h"
#include "http/connection.h"
#include "http/request_id.h"
#include "http/response_writer.h"

namespace core::http {

namespace {

using Phase = Connection::Phase;
constexpr std::size_t kReadBlock = 65536;
constexpr std::size_t kReadAtOnce = 4 * kReadBlock;
constexpr std::size_t kDrainAtOnce = 4 * kReadBlock;

std::int64_t steadyMs() {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

[[noreturn]] void systemError(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// The process may hold as many connections as the system lets it.
void raiseFileLimit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

std::pair<std::string, std::string> splitAddress(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos)
        throw Error(errors::kUnavailable, "The address \"" + address + "\" has no port: write HOST:PORT.");
    std::string host = address.substr(0, colon);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    return {host, address.substr(colon + 1)};
}

FileDescriptor listenOn(const std::string& address) {
    const auto [host, port] = splitAddress(address);
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int rc = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
        rc != 0)
        throw Error(errors::kUnavailable,
                    fmt::format("The address \"{}\" cannot be used: {}.", address, ::gai_strerror(rc)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);
    int lastError = 0;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        FileDescriptor fd(::socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (fd.get() < 0)
            continue;
        const int on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(fd.get(), info->ai_addr, info->ai_addrlen) == 0 && ::listen(fd.get(), SOMAXCONN) == 0)
            return fd;
        lastError = errno;
    }
    const char* advice =
        lastError == EADDRINUSE
            ? "another program listens there; stop it or choose another address with AE_HTTP_ADDR"
            : std::strerror(lastError);
    throw Error(errors::kUnavailable, fmt::format("Cannot listen on {}: {}.", address, advice));
}

} // namespace

class Server::Loop : public std::enable_shared_from_this<Server::Loop> {
public:
    Loop(ServerOptions options, const Router& router, const Dispatcher& dispatcher, const Clock& clock,
         Logger log)
        : options_(std::move(options)), router_(router), dispatcher_(dispatcher), clock_(clock),
          log_(std::move(log)), fast_("http-fast", options_.fastWorkers, options_.maxQueued),
          blocking_("http-blocking", options_.blockingWorkers, options_.maxQueued) {}

    void start() {
        raiseFileLimit();
        listener_ = listenOn(options_.address);
        sockaddr_storage bound{};
        socklen_t length = sizeof bound;
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &length);
        port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                                  : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
        epoll_ = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
        wake_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (epoll_.get() < 0 || wake_.get() < 0)
            systemError("epoll");
        watch(listener_.get(), EPOLLIN, kListener);
        watch(wake_.get(), EPOLLIN, kWake);
        thread_ = std::jthread([this] {
            pthread_setname_np(pthread_self(), "http-loop");
            run();
        });
    }

    bool stop() {
        if (!thread_.joinable())
            return !abandoned_;
        post([this] { beginStop(); });
        thread_.join();
        if (!abandoned_) {
            fast_.stop();
            blocking_.stop();
        }
        const std::lock_guard lock(mailMutex_);
        closed_ = true;
        mail_.clear();
        return !abandoned_;
    }

    /// Abandoned workers go on using this object until the process ends.
    void leak() { self_ = shared_from_this(); }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    [[nodiscard]] ServerStats stats() const noexcept {
        return {accepted_.load(), open_.load(),    parked_.load(),
                requests_.load(), refused_.load(), rejected_.load()};
    }

    [[nodiscard]] std::vector<PoolStats> pools() const { return {fast_.stats(), blocking_.stats()}; }

private:
    static constexpr std::uint64_t kListener = 1, kWake = 2, kFirstConnection = 16;

    // ---- event loop
    // ------------------------------------------------------------------------------------------

    void run() {
        std::array<epoll_event, 256> events{};
        while (!(stopping_ && connections_.empty())) {
            const int timeout = nextTimeout();
            const int count =
                ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
            for (int i = 0; i < count; ++i) {
                const auto tag = events[static_cast<std::size_t>(i)].data.u64;
                const auto flags = events[static_cast<std::size_t>(i)].events;
                if (tag == kListener)
                    accept();
                else if (tag == kWake)
                    drainWake();
                else if (const auto found = connections_.find(tag); found != connections_.end())
                    onEvent(*found->second, flags);
            }
            runMail();
            expire();
            if (stopping_ && steadyMs() > stopAt_)
                forceClose();
        }
        listener_ = FileDescriptor();
    }

    int nextTimeout() {
        std::int64_t next = timers_.empty() ? 60000 : timers_.top().at - steadyMs();
        if (stopping_)
            next = std::min<std::int64_t>(next, 20);
        return static_cast<int>(std::clamp<std::int64_t>(next, 0, 60000));
    }

    void watch(int fd, std::uint32_t events, std::uint64_t tag) const {
        epoll_event event{};
        event.events = events;
        event.data.u64 = tag;
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
            systemError("epoll_ctl");
    }

    /// Gives the connection back to the loop in that phase: nothing of it may be touched afterwards.
    void arm(Connection& connection, Phase phase, std::uint32_t events) const {
        epoll_event event{};
        // While writing, a client that has ended its side is no news: it would be reported without end.
        event.events = events | EPOLLONESHOT | (phase == Phase::writing ? 0U : std::uint32_t{EPOLLRDHUP});
        event.data.u64 = connection.id;
        const int fd = connection.fd.get();
        connection.phase.store(phase, std::memory_order_release);
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
    }

    /// Runs on the loop's thread, soon. Thread-safe. Dropped once the loop has ended.
    void post(std::function<void()> action) {
        {
            const std::lock_guard lock(mailMutex_);
            if (closed_)
                return;
            mail_.push_back(std::move(action));
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    }

    void drainWake() const {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    }

    void runMail() {
        std::vector<std::function<void()>> mail;
        {
            const std::lock_guard lock(mailMutex_);
            mail.swap(mail_);
        }
        for (const auto& action : mail)
            action();
    }

    void accept() {
        for (;;) {
            sockaddr_storage address{};
            socklen_t length = sizeof address;
            FileDescriptor fd(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length,
                                        SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (fd.get() < 0) {
                if (errno == EMFILE || errno == ENFILE)
                    log_.error("no descriptor is free for another connection; raise the limit of open files");
                return;
            }
            if (stopping_ || connections_.size() >= options_.maxConnections) {
                ++rejected_;
                continue;
            }
            const int on = 1;
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            const std::uint64_t id = nextId_++;
            auto connection = std::make_unique<Connection>(std::move(fd), id);
            writePeer(address, connection->peer);
            watch(connection->fd.get(), EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, id);
            setDeadline(*connection, options_.headTimeout);
            connections_.emplace(id, std::move(connection));
            ++accepted_;
            ++open_;
        }
    }

    static void writePeer(const sockaddr_storage& address, std::array<char, 46>& out) {
        constexpr socklen_t kSize = 46;
        if (address.ss_family == AF_INET6) {
            const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
            if (IN6_IS_ADDR_V4MAPPED(&v6))
                ::inet_ntop(AF_INET, &v6.s6_addr[12], out.data(), kSize);
            else
                ::inet_ntop(AF_INET6, &v6, out.data(), kSize);
        } else {
            ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, out.data(), kSize);
        }
    }

    void onEvent(Connection& connection, std::uint32_t flags) {
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
    // -------------------------------------------------------------------------------------------

    struct Timer {
        std::int64_t at;
        std::uint64_t id;
        bool operator>(const Timer& other) const noexcept { return at > other.at; }
    };

    /// On the loop's thread. Every connection has one timer; a deadline that moves back is noticed when the
    /// timer fires, one that comes earlier takes another timer and leaves a stale one.
    void setDeadline(Connection& connection, milliseconds after) {
        const std::int64_t at = steadyMs() + after.count();
        connection.deadlineMs = at;
        if (connection.timerAt == 0 || at < connection.timerAt)
            addTimer(connection, at);
    }

    void addTimer(Connection& connection, std::int64_t at) {
        connection.timerAt = at;
        timers_.push({at, connection.id});
    }

    void expire() {
        const std::int64_t now = steadyMs();
        while (!timers_.empty() && timers_.top().at <= now) {
            const Timer timer = timers_.top();
            timers_.pop();
            const auto found = connections_.find(timer.id);
            if (found == connections_.end() || found->second->timerAt != timer.at)
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

    void onDeadline(Connection& connection, Phase phase) {
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

    // ---- reading
    // ---------------------------------------------------------------------------------------------

    void onReadable(Connection& connection) {
        std::size_t total = 0;
        while (total < kReadAtOnce) {
            const auto got = ::recv(connection.fd.get(), scratch_.data(), scratch_.size(), 0);
            if (got > 0) {
                connection.in.append(scratch_.data(), static_cast<std::size_t>(got));
                total += static_cast<std::size_t>(got);
                if (static_cast<std::size_t>(got) < scratch_.size())
                    break;
            } else if (got == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) {
                connection.peerClosed = true;
                break;
            } else if (errno != EINTR) {
                break;
            }
        }
        advance(connection);
    }

    /// Reads on from what is buffered. Ends by dispatching, arming or closing.
    void advance(Connection& connection) {
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

    void headComplete(Connection& connection) {
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
        request.requestId = requestIdFor(request.headers, connection.trusted, clock_);
        exchange.incoming.match = router_.find(request.method, request.path);
        exchange.body = std::make_unique<BodyReader>(head, Dispatcher::bodyLimit(exchange.incoming.match));
        const bool takesBody =
            request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
        if (takesBody && !head.chunked && !head.contentLength) {
            exchange.keepAlive = false; // what follows may be meant as the body: it is no next request
            exchange.incoming.bodyProblem =
                Error(errors::kLengthRequired, "Send the length of the body, Content-Length: 0 for none.");
        }
        if (head.chunked || head.contentLength.value_or(0) > 0) {
            connection.deadlineMs = steadyMs() + options_.bodyTimeout.count();
            if (head.expectContinue && !exchange.body->declaredTooLarge()) {
                constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
                ::send(connection.fd.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            }
        }
    }

    void waitForMore(Connection& connection) {
        if (connection.peerClosed) {
            // Nothing of a request that was cut short is ever acted upon.
            refuse(connection, 400, "The request ended before it was complete.");
            return;
        }
        if (connection.timerAt == 0 || connection.deadlineMs < connection.timerAt)
            addTimer(connection, connection.deadlineMs);
        arm(connection, Phase::reading, EPOLLIN);
    }

    /// Answers what cannot be understood, and closes: where the next request begins is not known.
    void refuse(Connection& connection, int status, const std::string& message) {
        ++refused_;
        static constexpr ErrorKind kKinds[] = {
            {"MalformedRequest", 400, "", ""},   {"RequestTimeout", 408, "", ""},
            {"UriTooLong", 414, "", ""},         {"ExpectationFailed", 417, "", ""},
            {"HeaderTooLarge", 431, "", ""},     {"NotImplemented", 501, "", ""},
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

    // ---- working
    // ---------------------------------------------------------------------------------------------

    void dispatch(Connection& connection) {
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
                Response::error(Error(errors::kUnavailable, "The server is too busy; try again soon.")),
                true);
    }

    /// On a worker's thread, which owns the connection until it arms or posts.
    void work(Connection& connection) {
        Connection::Exchange& exchange = *connection.exchange;
        Outcome outcome = dispatcher_.dispatch(exchange.incoming);
        if (auto* response = std::get_if<Response>(&outcome))
            respond(connection, *response, false);
        else
            park(connection, std::get<Park>(std::move(outcome)));
    }

    void respond(Connection& connection, const Response& response, bool onLoop) {
        Connection::Exchange& exchange = *connection.exchange;
        const bool keepAlive = exchange.keepAlive && !connection.peerClosed && !stopping_.load();
        connection.out =
            serialize(response, {keepAlive, exchange.headOnly, exchange.incoming.request.requestId,
                                 exchange.incoming.request.secure});
        connection.outAt = 0;
        connection.closeAfterWrite = !keepAlive;
        connection.exchange.reset();
        if (onLoop) {
            continueWriting(connection);
            return;
        }
        if (!writeSome(connection)) {
            handToLoop(connection, [](Loop& loop, Connection& c) { loop.close(c); });
        } else if (connection.outAt < connection.out.size()) {
            handToLoop(connection, [](Loop& loop, Connection& c) { loop.continueWriting(c); });
        } else if (connection.closeAfterWrite || !connection.in.empty()) {
            handToLoop(connection, [](Loop& loop, Connection& c) { loop.written(c); });
        } else {
            connection.out = std::string();
            connection.in = std::string();
            connection.deadlineMs = steadyMs() + options_.idleTimeout.count();
            arm(connection, Phase::idle, EPOLLIN);
        }
    }

    template <typename F>
    void handToLoop(Connection& connection, F action) {
        const std::uint64_t id = connection.id;
        connection.phase.store(Phase::writing, std::memory_order_release);
        post([this, id, action] {
            if (const auto found = connections_.find(id); found != connections_.end())
                action(*this, *found->second);
        });
    }

    void park(Connection& connection, Park park) {
        auto state = std::make_shared<detail::ParkState>();
        state->onTimeout = std::move(park.onTimeout);
        const std::uint64_t id = connection.id;
        state->deliver = [weak = weak_from_this(), id](Response response) {
            if (const auto loop = weak.lock())
                loop->post([raw = loop.get(), id, response = std::move(response)] {
                    if (const auto found = raw->connections_.find(id);
                        found != raw->connections_.end() && found->second->phase == Phase::parked)
                        raw->answerParked(*found->second, response);
                });
        };
        post([this, id, state, wait = park.wait] {
            if (const auto found = connections_.find(id); found != connections_.end())
                settle(*found->second, state, wait);
        });
        if (park.parked)
            try {
                park.parked(ParkedRequest(state));
            } catch (...) {
                log_.error("a long poll's handler failed", {{"error", describeCurrentException()}});
            }
    }

    /// Strips the connection to what a waiting client needs.
    void settle(Connection& connection, std::shared_ptr<detail::ParkState> state, milliseconds wait) {
        connection.parkKeepAlive = connection.exchange->keepAlive;
        connection.parkHeadOnly = connection.exchange->headOnly;
        connection.parkRequestId = connection.exchange->incoming.request.requestId;
        connection.park = std::move(state);
        connection.exchange.reset();
        if (connection.in.empty())
            connection.in = std::string();
        ++parked_;
        if (stopping_)
            wait = milliseconds{0};
        setDeadline(connection, wait);
        arm(connection, Phase::parked, 0);
    }

    void answerParked(Connection& connection, const Response& response) {
        --parked_;
        const bool keepAlive = connection.parkKeepAlive && !connection.peerClosed && !stopping_;
        connection.out =
            serialize(response, {keepAlive, connection.parkHeadOnly, connection.parkRequestId, false});
        connection.outAt = 0;
        connection.closeAfterWrite = !keepAlive;
        connection.parkRequestId = std::string();
        connection.park.reset();
        continueWriting(connection);
    }

    // ---- writing
    // ---------------------------------------------------------------------------------------------

    /// False if the connection is broken.
    static bool writeSome(Connection& connection) {
        while (connection.outAt < connection.out.size()) {
            const auto sent = ::send(connection.fd.get(), connection.out.data() + connection.outAt,
                                     connection.out.size() - connection.outAt, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent > 0)
                connection.outAt += static_cast<std::size_t>(sent);
            else if (errno == EAGAIN || errno == EWOULDBLOCK)
                return true;
            else if (errno != EINTR)
                return false;
        }
        return true;
    }

    void continueWriting(Connection& connection) {
        if (!writeSome(connection)) {
            close(connection);
            return;
        }
        if (connection.outAt == connection.out.size()) {
            written(connection);
            return;
        }
        setDeadline(connection, options_.writeTimeout); // a client that takes something gets more time
        arm(connection, Phase::writing, EPOLLOUT);
    }

    void written(Connection& connection) {
        connection.out = std::string();
        connection.outAt = 0;
        if (connection.closeAfterWrite) {
            // Closing at once would make the kernel answer what is still arriving with a reset, and the
            // client would lose the answer (RFC 9112, 9.6).
            ::shutdown(connection.fd.get(), SHUT_WR);
            connection.phase.store(Phase::draining, std::memory_order_release);
            setDeadline(connection, milliseconds{2000});
            drain(connection);
            return;
        }
        setDeadline(connection, options_.idleTimeout);
        connection.phase.store(Phase::reading, std::memory_order_release);
        advance(connection);
    }

    /// Throws away what still arrives, until the client closes or the deadline comes.
    void drain(Connection& connection) {
        for (std::size_t total = 0; total < kDrainAtOnce;) {
            const auto got = ::recv(connection.fd.get(), scratch_.data(), scratch_.size(), 0);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
                close(connection);
                return;
            }
            if (got < 0)
                break;
            total += static_cast<std::size_t>(got);
        }
        arm(connection, Phase::draining, EPOLLIN);
    }

    // ---- ending
    // ----------------------------------------------------------------------------------------------

    void close(Connection& connection) {
        if (connection.park) {
            --parked_;
            connection.park->leaveWaiting(detail::ParkState::Phase::over);
        }
        --open_;
        connections_.erase(connection.id);
    }

    void beginStop() {
        stopping_ = true;
        stopAt_ = steadyMs() + options_.stopTimeout.count();
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
        listener_ = FileDescriptor();
        std::vector<Connection*> waiting;
        for (const auto& [id, connection] : connections_)
            waiting.push_back(connection.get());
        for (Connection* connection : waiting) {
            const Phase phase = connection->phase.load(std::memory_order_acquire);
            if (phase == Phase::idle) // a worker may be arming it this instant: let its end be an event
                ::shutdown(connection->fd.get(), SHUT_RD);
            else if (phase == Phase::parked && connection->park->leaveWaiting(detail::ParkState::Phase::over))
                answerParked(*connection, connection->park->onTimeout);
        }
    }

    /// After the hard limit: what is not in a worker's hands is closed; what is, some time later, abandoned.
    void forceClose() {
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

    ServerOptions options_;
    const Router& router_;
    const Dispatcher& dispatcher_;
    const Clock& clock_;
    Logger log_;
    WorkerPool fast_;
    WorkerPool blocking_;
    FileDescriptor listener_, epoll_, wake_;
    std::uint16_t port_ = 0;
    std::jthread thread_;

    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_; // loop's thread
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;      // loop's thread
    std::uint64_t nextId_ = kFirstConnection;
    std::int64_t stopAt_ = 0;
    std::array<char, kReadBlock> scratch_{};
    std::atomic<bool> abandoned_{false};
    std::shared_ptr<Loop> self_;
    std::atomic<bool> stopping_{false};

    std::mutex mailMutex_;
    std::vector<std::function<void()>> mail_;
    bool closed_ = false;

    std::atomic<std::uint64_t> accepted_{0}, open_{0}, parked_{0}, requests_{0}, refused_{0}, rejected_{0};
};

Server::Server(ServerOptions options, const Router& router, const Dispatcher& dispatcher, const Clock& clock,
               Logger log)
    : loop_(std::make_shared<Loop>(std::move(options), router, dispatcher, clock, std::move(log))) {}

Server::~Server() {
    if (!stop())
        loop_->leak();
}

void Server::start() {
    loop_->start();
}
std::uint16_t Server::port() const noexcept {
    return loop_->port();
}
bool Server::stop() {
    return loop_->stop();
}
ServerStats Server::stats() const noexcept {
    return loop_->stats();
}
std::vector<PoolStats> Server::pools() const {
    return loop_->pools();
}

} // namespace core::http
