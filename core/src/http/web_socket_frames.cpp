#include "http/web_socket_frames.h"

#include <algorithm>
#include <new>
#include <utility>

#include <wslay/wslay.h>

namespace core::http {

namespace {
constexpr std::size_t kMostReason = 123;

constexpr int kControl = 0x8; ///< in the opcode

/// What the first bytes of a frame say of it.
struct Head {
    bool control;
    std::uint64_t payload;
    std::size_t size; ///< of the head itself
};

/// nullopt: it is not whole yet.
std::optional<Head> headOf(std::string_view bytes) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() < 2)
        return std::nullopt;
    Head head{(at(0) & kControl) != 0, at(1) & 0x7fU, 2};
    const std::size_t longer = head.payload < 126 ? 0 : head.payload == 126 ? 2 : 8;
    head.size += longer + ((at(1) & 0x80U) != 0 ? 4U : 0U);
    if (bytes.size() < head.size)
        return std::nullopt;
    if (longer > 0) {
        head.control = false; // which it may not be: libwslay says so
        head.payload = 0;
        for (std::size_t i = 2; i < 2 + longer; ++i)
            head.payload = head.payload << 8U | at(i);
    }
    return head;
}

/// At most so many bytes, cut between characters.
std::string_view cut(std::string_view reason) {
    std::size_t end = std::min(reason.size(), kMostReason);
    while (end > 0 && end < reason.size() && (static_cast<unsigned char>(reason[end]) & 0xC0U) == 0x80U)
        --end;
    return reason.substr(0, end);
}
} // namespace

void WebSocketFrames::Free::operator()(wslay_event_context* context) const {
    ::wslay_event_context_free(context);
}

/// What libwslay calls; `user` is the object.
class WebSocketFrames::Callbacks {
public:
    static constexpr wslay_event_callbacks table() {
        return {receive, transmit, nullptr, frameBegins, frameGoesOn, nullptr, messageEnds};
    }

private:
    static WebSocketFrames& of(void* user) { return *static_cast<WebSocketFrames*>(user); }

    static ssize_t receive(wslay_event_context* context, std::uint8_t* block, std::size_t size, int,
                           void* user) {
        auto& self = of(user);
        if (self.unread_.empty()) {
            ::wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        const auto taken = self.unread_.copy(reinterpret_cast<char*>(block), size);
        self.unread_.remove_prefix(taken);
        return static_cast<ssize_t>(taken);
    }
    static ssize_t transmit(wslay_event_context*, const std::uint8_t* bytes, std::size_t size, int,
                            void* user) {
        of(user).out_.append(reinterpret_cast<const char*>(bytes), size);
        return static_cast<ssize_t>(size);
    }
    static void frameBegins(wslay_event_context* context, const wslay_event_on_frame_recv_start_arg* frame,
                            void* user) {
        auto& self = of(user);
        self.inControl_ = wslay_is_ctrl_frame(frame->opcode) != 0;
        if (self.inControl_)
            return;
        self.inMessage_ = frame->fin == 0;
        if (self.message_.size() + frame->payload_length > self.limits_.message) {
            ::wslay_event_shutdown_read(context);
            self.tooLarge_ = true;
            self.close({1009, "The message is too large."});
        }
    }
    static void frameGoesOn(wslay_event_context*, const wslay_event_on_frame_recv_chunk_arg* chunk,
                            void* user) {
        auto& self = of(user);
        if (!self.inControl_ && !self.tooLarge_)
            self.message_.append(reinterpret_cast<const char*>(chunk->data), chunk->data_length);
    }
    static void messageEnds(wslay_event_context*, const wslay_event_on_msg_recv_arg* message, void* user) {
        auto& self = of(user);
        if (message->opcode == WSLAY_TEXT_FRAME || message->opcode == WSLAY_BINARY_FRAME) {
            if (!self.tooLarge_)
                self.received_->push_back({std::move(self.message_), message->opcode == WSLAY_TEXT_FRAME});
            self.message_ = std::string();
        } else if (message->opcode == WSLAY_CONNECTION_CLOSE) {
            self.heard_ = WebSocketEnd{message->status_code == 0 ? 1005 : message->status_code, {}};
            if (message->msg_length > 2)
                self.heard_->reason.assign(reinterpret_cast<const char*>(message->msg) + 2,
                                           message->msg_length - 2);
        }
    }
};

wslay_event_context* WebSocketFrames::context() {
    if (context_)
        return context_.get();
    static constexpr wslay_event_callbacks kCallbacks = Callbacks::table();
    wslay_event_context* made = nullptr;
    if (::wslay_event_context_server_init(&made, &kCallbacks, this) != 0)
        throw std::bad_alloc();
    context_.reset(made);
    ::wslay_event_config_set_max_recv_msg_length(made, limits_.frame);
    // Its own buffering takes a block for each frame, however small: 64 KiB of frames of one byte would cost
    // megabytes.
    ::wslay_event_config_set_no_buffering(made, 1);
    return made;
}

void WebSocketFrames::feed(std::string_view bytes, std::vector<WebSocketMessage>& received) {
    if (over_)
        return;
    std::string joined;
    if (!held_.empty()) {
        joined = std::exchange(held_, {}).append(bytes);
        bytes = joined;
    }
    received_ = &received;
    std::size_t at = 0; // up to here it can be given on
    while (at < bytes.size() && !over_) {
        if (passing_ > 0) {
            const auto more = std::min<std::uint64_t>(passing_, bytes.size() - at);
            passing_ -= more;
            at += more;
            continue;
        }
        const auto head = headOf(bytes.substr(at));
        if (!head)
            break;
        if (!head->control) {
            passing_ = head->payload;
            at += head->size;
            continue;
        }
        const auto size = head->size + static_cast<std::size_t>(head->payload);
        if (bytes.size() - at < size)
            break;
        give(bytes.substr(0, at));
        give(bytes.substr(at, size));
        bytes.remove_prefix(at + size);
        at = 0;
    }
    give(bytes.substr(0, at));
    if (!over_)
        held_ = bytes.substr(at);
    received_ = nullptr;
    rest();
}

void WebSocketFrames::give(std::string_view bytes) {
    if (over_ || bytes.empty())
        return;
    auto* const context = this->context();
    unread_ = bytes;
    const bool broken = ::wslay_event_recv(context) != 0;
    unread_ = {};
    pump();
    if (!broken && ::wslay_event_get_read_enabled(context) != 0)
        return;
    over_ = true;
    if (!said_)
        said_ = WebSocketEnd{::wslay_event_get_status_code_sent(context), {}};
}

void WebSocketFrames::pump() {
    ::wslay_event_send(context_.get()); // into out_, which takes everything
}

void WebSocketFrames::rest() {
    if (over_ || (!said_ && passing_ == 0 && !inMessage_))
        context_.reset();
}

void WebSocketFrames::say(std::uint8_t opcode, std::string_view payload) {
    if (said_ || over_)
        return;
    const wslay_event_msg message{opcode, reinterpret_cast<const std::uint8_t*>(payload.data()),
                                  payload.size()};
    if (::wslay_event_queue_msg(context(), &message) == WSLAY_ERR_NOMEM)
        throw std::bad_alloc();
    pump();
    rest();
}

void WebSocketFrames::send(const WebSocketMessage& message) {
    say(message.text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, message.data);
}

void WebSocketFrames::ping() {
    say(WSLAY_PING, {});
}

void WebSocketFrames::close(const WebSocketEnd& end) {
    if (said_ || over_)
        return;
    const auto reason = cut(end.reason);
    said_ = WebSocketEnd{end.code, std::string(reason)};
    ::wslay_event_queue_close(context(), static_cast<std::uint16_t>(end.code),
                              reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
    pump();
}

WebSocketEnd WebSocketFrames::end() const {
    if (heard_)
        return *heard_;
    return said_ ? *said_ : WebSocketEnd{1006, {}};
}

} // namespace core::http
