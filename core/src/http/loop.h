#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http/connection.h"
#include "http/event_queue.h"
#include "http/listener.h"
#include "http/quiet_errors.h"
#include "http/server.h"
#include "http/timers.h"
#include "http/tls_certificate.h"
#include "http/worker_pool.h"

namespace core::http {

/// The event loop behind Server, and the workers beside it. `loop.cpp` has its life, its events and its
/// deadlines; `loop_reading.cpp` the way from bytes to a request; `loop_answering.cpp` the way from there to
/// the answer's last byte; `loop_web_socket.cpp` connections that have become WebSockets.
///
/// Every function runs on the loop's thread unless it says otherwise.
class Server::Loop : public std::enable_shared_from_this<Server::Loop> {
public:
    Loop(ServerOptions options, const Router& router, const Dispatcher& dispatcher, const Clock& clock,
         Logger log);

    /// These on the thread of the server's owner.
    void bind();
    void start();
    [[nodiscard]] bool stop();
    /// Abandoned workers go on using this object until the process ends.
    void leak() { self_ = shared_from_this(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }

    /// Thread-safe.
    void reloadCertificate();
    [[nodiscard]] ServerStats stats() const noexcept;
    [[nodiscard]] std::optional<Certificate> certificate() const;
    [[nodiscard]] std::vector<PoolStats> pools() const {
        return {fast_.stats(), blocking_.stats(), probe_.stats()};
    }

private:
    using Phase = Connection::Phase;

    // ---- events
    void run();
    [[nodiscard]] int nextTimeout() const;
    /// A socket that is listened on, and what clients speak there.
    struct Entrance {
        Listener listener;
        bool tls;
    };
    void accept(const Entrance& entrance);
    /// Frees a descriptor for a moment to turn one client away: otherwise it would wait, and be reported, for
    /// ever.
    void turnAwayWithoutDescriptor(const Listener& listener);
    /// Counts the connection for its address. False if that has too many.
    [[nodiscard]] bool admit(Connection& connection);
    /// Says that there are too many connections, to a client that speaks plain HTTP, and closes.
    void turnAway(Transport& transport, bool tls, const char* why);
    void onEvent(Connection& connection, std::uint32_t flags);
    /// Gives the connection back to the event queue in that phase: nothing of it may be touched afterwards.
    /// On the thread that owns the connection.
    void arm(Connection& connection, Phase phase, std::uint32_t events) const;

    // ---- deadlines
    /// Every connection has one timer; a deadline that moves back is noticed when the timer fires, one that
    /// comes earlier takes another timer and leaves a stale one.
    void setDeadline(Connection& connection, milliseconds after);
    void addTimer(Connection& connection, std::int64_t at);
    void expire();
    /// True if the client's next bytes have arrived while the loop was busy with others.
    [[nodiscard]] static bool hasUnread(const Connection& connection, Phase phase);
    void tick(std::size_t index);
    void onDeadline(Connection& connection, Phase phase);

    // ---- ending
    void close(Connection& connection);
    void beginStop();
    /// While stopping, again and again: what is idle has its last request read, if one has arrived, or ends.
    /// Workers that had not noticed the stop go on making connections idle for a moment.
    void endIdle();
    /// After the hard limit: what is not in a worker's hands is closed; what is, some time later, abandoned.
    void forceClose();

    // ---- reading
    /// A connection begins: by the PROXY protocol's header, by TLS, or by a request.
    void readProxyHeader(Connection& connection);
    void begin(Connection& connection);
    /// The way from the first byte of a TLS connection to its first request.
    void shakeHands(Connection& connection);
    void onReadable(Connection& connection);
    /// Appends what has arrived to `in`, up to kReadAtOnce, and notes an end.
    void readAvailable(Connection& connection);
    /// Reads on from what is buffered. Ends by dispatching, arming or closing.
    void advance(Connection& connection);
    /// False if the connection is broken.
    [[nodiscard]] bool headComplete(Connection& connection);
    void waitForMore(Connection& connection);
    /// On with what has arrived already, after others had their turn.
    void readSoon(Connection& connection);
    /// Answers what cannot be understood, and closes: where the next request begins is not known.
    void refuse(Connection& connection, int status, const std::string& message);
    /// The request goes on without its body, of which this is said to whoever may send it.
    static void dropBody(Connection::Exchange& exchange, Error problem);
    void dispatch(Connection& connection);
    [[nodiscard]] WorkerPool& poolOf(const Route* route);

    // ---- answering
    /// On a worker's thread, which owns the connection until it arms or posts.
    void work(Connection& connection);
    /// On the thread that owns the dispatched connection. What is pipelined behind it is read later, by the
    /// loop: each answer within the one before would take stack without end.
    void respond(Connection& connection, const Response& response);
    using Action = void (Loop::*)(Connection&);
    /// The loop does the rest, soon. The connection stays dispatched: an event that comes before the action
    /// must not begin what the action goes on with.
    void handToLoop(Connection& connection, Action action) {
        postAction(connection.id, Phase::dispatched, action);
    }
    /// Runs it soon on the loop's thread, if the connection is there and in that phase then. Thread-safe.
    void postAction(std::uint64_t id, Phase phase, Action action);
    /// On a worker's thread. Counts one more among `taken`; false, and a 503, if there are `most` already.
    [[nodiscard]] bool takeOrRefuse(Connection& connection, std::atomic<std::uint64_t>& taken,
                                    std::size_t most, std::atomic<std::uint64_t>& rejected, const char* why);
    /// On a worker's thread.
    void park(Connection& connection, Park park);
    /// Closes the connection of a request for whose answer there is no memory.
    void giveUp(Connection& connection);
    /// Strips the connection to what a waiting client needs.
    void settle(Connection& connection, std::shared_ptr<detail::ParkState> state, milliseconds wait);
    void answerParked(Connection& connection, Response response);
    /// On the thread that owns the connection. False if the connection is broken.
    static bool writeSome(Connection& connection);
    void continueWriting(Connection& connection);
    void written(Connection& connection);
    /// Ends this side and waits a moment for the client to end its own.
    void endGently(Connection& connection);
    /// Throws away what still arrives, until the client closes or the deadline comes.
    void drain(Connection& connection);

    // ---- WebSockets
    /// On a worker's thread.
    void upgrade(Connection& connection, Upgrade upgrade);
    void openWebSocket(Connection& connection);
    void onWebSocket(Connection& connection);
    /// False while a client takes nothing, whom pongs would pile up for, or while nobody has time for its
    /// messages.
    [[nodiscard]] static bool wantsFrames(const Connection& connection);
    /// Hands over what has come.
    void readWebSocket(Connection& connection);
    /// Writes what waits, and arms or closes.
    void serveWebSocket(Connection& connection);
    /// False if the connection is broken.
    [[nodiscard]] bool writeWebSocket(Connection& connection);
    void onWebSocketDeadline(Connection& connection);
    /// Says goodbye, and leaves the client a moment to answer.
    void closeWebSocket(Connection& connection, const WebSocketEnd& end);
    void endWebSocket(Connection& connection, const WebSocketEnd& end);
    /// Keeps a session whose functions no thread could be found for.
    void scheduled(const std::shared_ptr<WebSocketSession>& session, bool done);
    void scheduleAgain();

    static constexpr std::size_t kReadBlock = 65536;
    /// Of one connection; then others have their turn.
    static constexpr std::size_t kReadAtOnce = 4 * kReadBlock;
    /// Tags of events below it are listeners, ids of timers below it ticks, both by their index.
    static constexpr std::uint64_t kFirstConnection = 1024;

    ServerOptions options_;
    const Router& router_;
    const Dispatcher& dispatcher_;
    const Clock& clock_;
    Logger log_;
    WorkerPool fast_;
    WorkerPool blocking_;
    WorkerPool probe_;
    EventQueue queue_;
    std::vector<Entrance> entrances_;
    std::unique_ptr<TlsCertificate> certificate_; // null: no TLS
    std::uint16_t port_ = 0;
    std::vector<std::string> addresses_;
    std::jthread thread_;

    RequestBudget requests_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    mutable std::atomic<int> arming_{0};   ///< threads inside arm()
    std::vector<FileDescriptor> leftOpen_; ///< of closed connections, until no thread is there
    std::vector<std::shared_ptr<WebSocketSession>> unscheduled_;
    Timers timers_;
    AddressCount addressCount_;
    QuietErrors quietAddresses_;
    std::uint64_t nextId_ = kFirstConnection;
    FileDescriptor spare_; // for when there is no other
    std::int64_t spareUsedAt_ = 0;
    std::int64_t stopAt_ = 0;
    std::array<char, kReadBlock> scratch_{};
    std::atomic<bool> abandoned_{false};
    std::shared_ptr<Loop> self_;
    std::atomic<bool> stopping_{false};

    struct Counters {
        std::atomic<std::uint64_t> accepted{0}, open{0}, parked{0}, requests{0}, refused{0}, rejected{0},
            rejectedOfAddress{0}, rejectedProxies{0}, overloaded{0}, rejectedParks{0}, handshakes{0},
            failedHandshakes{0}, lateHeads{0}, lateBodies{0}, lateReaders{0}, webSockets{0},
            rejectedWebSockets{0}, rejectedForMemory{0}, webSocketsIn{0}, webSocketsOut{0};
    } counters_;
};

} // namespace core::http
