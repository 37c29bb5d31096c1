#include "http/web_socket_session.h"

namespace core::http {

namespace {
/// Then others have their turn.
constexpr int kEventsAtOnce = 16;
/// What a queued message costs beside its bytes, so that empty ones count, too.
constexpr std::size_t kOverhead = 64;
} // namespace

WebSocketSession::WebSocketSession(Upgrade upgrade, Limits limits, Submit submit, Wake wake,
                                   const Logger& log)
    : upgrade_(std::move(upgrade)), limits_(limits), submit_(std::move(submit)), wake_(std::move(wake)),
      log_(log) {}

// ---- sending

WebSocket::Sent WebSocketSession::send(WebSocketMessage message) {
    {
        const std::lock_guard lock(mutex_);
        if (ended_ || closing_)
            return WebSocket::Sent::closed;
        const std::size_t bytes = message.data.size() + kOverhead;
        if (outboxBytes_ + bytes > limits_.queue && !outbox_.empty())
            return WebSocket::Sent::full;
        outboxBytes_ += bytes;
        outbox_.push_back(std::move(message));
        if (std::exchange(woken_, true))
            return WebSocket::Sent::queued;
    }
    wake_();
    return WebSocket::Sent::queued;
}

void WebSocketSession::close(WebSocketEnd end) {
    {
        const std::lock_guard lock(mutex_);
        if (ended_ || closing_)
            return;
        closing_ = std::move(end);
        if (std::exchange(woken_, true))
            return;
    }
    wake_();
}

bool WebSocketSession::open() const {
    const std::lock_guard lock(mutex_);
    return !ended_ && !closing_;
}

void WebSocketSession::look() {
    const std::lock_guard lock(mutex_);
    woken_ = false;
}

std::optional<WebSocketMessage> WebSocketSession::next() {
    const std::lock_guard lock(mutex_);
    if (outbox_.empty())
        return std::nullopt;
    auto message = std::move(outbox_.front());
    outbox_.pop_front();
    outboxBytes_ -= message.data.size() + kOverhead;
    return message;
}

std::optional<WebSocketEnd> WebSocketSession::wantsToClose() const {
    const std::lock_guard lock(mutex_);
    return outbox_.empty() ? closing_ : std::nullopt;
}

// ---- receiving

std::size_t WebSocketSession::bytesOf(const Event& event) noexcept {
    const auto* message = std::get_if<WebSocketMessage>(&event);
    return kOverhead + (message != nullptr ? message->data.size() : 0);
}

bool WebSocketSession::add(Event event) {
    const std::lock_guard lock(mutex_);
    if (ended_)
        return true;
    opened_ = opened_ || std::holds_alternative<Opened>(event);
    ended_ = std::holds_alternative<WebSocketEnd>(event);
    if (!opened_) // the module has never heard of it
        return true;
    inboxBytes_ += bytesOf(event);
    inbox_.push_back(std::move(event));
    return running_;
}

bool WebSocketSession::opened() {
    return add(Opened{}) || schedule();
}

bool WebSocketSession::received(std::vector<WebSocketMessage> messages) {
    bool running = true;
    for (auto& message : messages)
        running = add(std::move(message));
    return running || schedule();
}

bool WebSocketSession::ended(const WebSocketEnd& end) {
    return add(end) || schedule();
}

bool WebSocketSession::schedule() {
    {
        const std::lock_guard lock(mutex_);
        if (running_ || inbox_.empty())
            return true;
        running_ = true;
    }
    if (submit_([self = shared_from_this()] { self->run(); }))
        return true;
    const std::lock_guard lock(mutex_);
    running_ = false;
    return false;
}

bool WebSocketSession::busy() const {
    const std::lock_guard lock(mutex_);
    return inboxBytes_ > limits_.inbox;
}

void WebSocketSession::run() {
    for (int done = 0;; ++done) {
        std::optional<Event> event;
        bool tell = false;
        {
            const std::lock_guard lock(mutex_);
            if (inbox_.empty()) {
                running_ = false;
                return;
            }
            event = std::move(inbox_.front());
            inbox_.pop_front();
            const bool wasBusy = inboxBytes_ > limits_.inbox;
            inboxBytes_ -= bytesOf(*event);
            tell = wasBusy && inboxBytes_ <= limits_.inbox && !std::exchange(woken_, true);
        }
        if (tell)
            wake_();
        call(*event);
        // Where the executor takes nothing, this thread goes on: nothing is ever left lying.
        if (done >= kEventsAtOnce && submit_([self = shared_from_this()] { self->run(); }))
            return;
    }
}

void WebSocketSession::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(running_, true))
            return;
    }
    run();
}

void WebSocketSession::call(Event& event) {
    try {
        if (auto* message = std::get_if<WebSocketMessage>(&event)) {
            if (upgrade_.received)
                upgrade_.received(WebSocket(shared_from_this()), std::move(*message));
        } else if (const auto* end = std::get_if<WebSocketEnd>(&event)) {
            if (upgrade_.closed)
                upgrade_.closed(*end);
        } else if (upgrade_.opened) {
            upgrade_.opened(WebSocket(shared_from_this()));
        }
    } catch (...) {
        log_.error("a function of a WebSocket failed", {{"error", describeCurrentException()}});
        close({1011, "The server failed."});
    }
}

} // namespace core::http
