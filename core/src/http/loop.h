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
#include "http/server.h"
#include "http/timers.h"
#include "http/worker_pool.h"

namespace core::http {

/// The event loop behind Server, and the workers beside it. `loop.cpp` has its life, its events and its
/// deadlines; `loop_reading.cpp` the way from bytes to a request; `loop_answering.cpp` the way from there to
/// the answer's last byte.
///
/// Every function runs on the loop's thread unless it says otherwise.
class Server::Loop : public std::enable_shared_from_this<Server::Loop> {
public:
    Loop(ServerOptions options, const Router& router, const Dispatcher& dispatcher, const Clock& clock,
         Logger log);

    /// These four on the server's owner's thread.
    void start();
    [[nodiscard]] bool stop();
    /// Abandoned workers go on using this object until the process ends.
    void leak() { self_ = shared_from_this(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// Thread-safe.
    [[nodiscard]] ServerStats stats() const noexcept;

private:
    using Phase = Connection::Phase;

    // ---- events
    void run();
    [[nodiscard]] int nextTimeout() const;
    void accept(const Listener& listener);
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
    void onDeadline(Connection& connection, Phase phase);

    // ---- ending
    void close(Connection& connection);
    void beginStop();
    /// After the hard limit: what is not in a worker's hands is closed; what is, some time later, abandoned.
    void forceClose();

    // ---- reading
    void onReadable(Connection& connection);
    /// Reads on from what is buffered. Ends by dispatching, arming or closing.
    void advance(Connection& connection);
    void headComplete(Connection& connection);
    void waitForMore(Connection& connection);
    /// Answers what cannot be understood, and closes: where the next request begins is not known.
    void refuse(Connection& connection, int status, const std::string& message);
    void dispatch(Connection& connection);

    // ---- answering
    /// On a worker's thread, which owns the connection until it arms or posts.
    void work(Connection& connection);
    /// On the worker's thread, or on the loop's (`onLoop`).
    void respond(Connection& connection, const Response& response, bool onLoop);
    /// On a worker's thread: the loop does the rest.
    void handToLoop(Connection& connection, void (Loop::*action)(Connection&));
    /// On a worker's thread.
    void park(Connection& connection, Park park);
    /// Strips the connection to what a waiting client needs.
    void settle(Connection& connection, std::shared_ptr<detail::ParkState> state, milliseconds wait);
    void answerParked(Connection& connection, const Response& response);
    /// On the thread that owns the connection. False if the connection is broken.
    static bool writeSome(Connection& connection);
    void continueWriting(Connection& connection);
    void written(Connection& connection);
    /// Throws away what still arrives, until the client closes or the deadline comes.
    void drain(Connection& connection);

    static constexpr std::size_t kReadBlock = 65536;
    /// Tags below are listeners, by their index.
    static constexpr std::uint64_t kFirstConnection = 1024;

    ServerOptions options_;
    const Router& router_;
    const Dispatcher& dispatcher_;
    const Clock& clock_;
    Logger log_;
    WorkerPool fast_;
    WorkerPool blocking_;
    EventQueue queue_;
    std::vector<Listener> listeners_;
    std::uint16_t port_ = 0;
    std::jthread thread_;

    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    Timers timers_;
    std::uint64_t nextId_ = kFirstConnection;
    std::int64_t stopAt_ = 0;
    std::array<char, kReadBlock> scratch_{};
    std::atomic<bool> abandoned_{false};
    std::shared_ptr<Loop> self_;
    std::atomic<bool> stopping_{false};

    std::atomic<std::uint64_t> accepted_{0}, open_{0}, parked_{0}, requests_{0}, refused_{0}, rejected_{0};
};

} // namespace core::http
