#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "core/http/web_socket.h"
#include "core/log.h"
#include "http/web_socket_channel.h"

namespace core::http {

/// What of one WebSocket the event loop and the module's functions share: what waits to be sent, and what has
/// come and waits for the functions. Thread-safe.
class WebSocketSession final : public detail::WebSocketChannel,
                               public std::enable_shared_from_this<WebSocketSession> {
public:
    /// A task for the route's executor; false if that takes no more.
    using Submit = std::function<bool(std::function<void()>)>;
    /// Tells the event loop, soon, to look at what changed here. Called from any thread.
    using Wake = std::function<void()>;
    struct Limits {
        std::size_t inbox; ///< bytes that wait for the module's functions before the client is not read from
        std::size_t queue; ///< bytes that wait for the client
    };

    /// `log` must outlive the last function's call.
    WebSocketSession(Upgrade upgrade, Limits limits, Submit submit, Wake wake, const Logger& log);

    // ---- for whoever sends
    [[nodiscard]] WebSocket::Sent send(WebSocketMessage message) override;
    void close(WebSocketEnd end) override;
    [[nodiscard]] bool open() const override;

    // ---- for the event loop. False: the executor took no more; call schedule() again later.
    [[nodiscard]] bool opened();
    [[nodiscard]] bool received(std::vector<WebSocketMessage> messages);
    /// Nothing more will come or go. Only the first one counts.
    [[nodiscard]] bool ended(const WebSocketEnd& end);
    [[nodiscard]] bool schedule();
    /// Calls what still waits, on this thread.
    void finish();
    /// The functions have so much to do that the client should not be read from.
    [[nodiscard]] bool busy() const;
    /// From here on changes are told again.
    void look();
    /// The next message to send; nullopt: none.
    [[nodiscard]] std::optional<WebSocketMessage> next();
    /// Somebody wants to close, and everything before that has been taken.
    [[nodiscard]] std::optional<WebSocketEnd> wantsToClose() const;

private:
    struct Opened {};
    using Event = std::variant<Opened, WebSocketMessage, WebSocketEnd>;
    static std::size_t bytesOf(const Event& event) noexcept;
    [[nodiscard]] bool add(Event event);
    void run();
    void call(Event& event);

    const Upgrade upgrade_;
    const Limits limits_;
    const Submit submit_;
    const Wake wake_;
    const Logger& log_;

    mutable std::mutex mutex_;
    std::list<Event> inbox_;
    std::size_t inboxBytes_ = 0;
    bool running_ = false; ///< a task for the inbox is submitted or works
    std::list<WebSocketMessage> outbox_;
    std::size_t outboxBytes_ = 0;
    std::optional<WebSocketEnd> closing_;
    bool opened_ = false;
    bool ended_ = false;
    bool woken_ = false; ///< the loop was told and has not looked yet
};

} // namespace core::http
