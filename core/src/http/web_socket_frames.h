#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/web_socket.h"

struct wslay_event_context;

namespace core::http {

/// The host's side of one WebSocket between bytes and messages (RFC 6455, by libwslay): no input or output of
/// its own. It answers pings and the closing handshake itself. While nothing is half read or half said it
/// holds no more than its own size. One thread.
class WebSocketFrames {
public:
    struct Limits {
        std::size_t frame;   ///< bytes of one frame's payload
        std::size_t message; ///< of all frames of a message together
    };
    explicit WebSocketFrames(Limits limits) : limits_(limits) {}

    /// Reads all of `bytes`; what they complete is added to `received`. After the end, or after something
    /// malformed, nothing is read any more.
    void feed(std::string_view bytes, std::vector<WebSocketMessage>& received);
    /// These add to out(); without effect once a close was said.
    void send(const WebSocketMessage& message);
    void ping();
    /// `end.code` must be one that may be sent.
    void close(const WebSocketEnd& end);

    /// What is to be written to the client; whoever writes it takes it away.
    [[nodiscard]] std::string& out() noexcept { return out_; }
    /// Both sides have closed, or this one must not go on reading: the connection ends after out().
    [[nodiscard]] bool over() const noexcept { return over_; }
    /// A close was said to the client.
    [[nodiscard]] bool closing() const noexcept { return said_.has_value(); }
    /// How it came to an end: what the client said, else what was said to it.
    [[nodiscard]] WebSocketEnd end() const;

private:
    struct Free {
        void operator()(wslay_event_context* context) const;
    };
    class Callbacks;
    wslay_event_context* context();
    void give(std::string_view bytes);
    void say(std::uint8_t opcode, std::string_view payload);
    void pump();
    /// Gives the context back between messages: it is two buffers of 4 KiB.
    void rest();

    Limits limits_;
    std::unique_ptr<wslay_event_context, Free> context_;
    std::string_view unread_;
    std::vector<WebSocketMessage>* received_ = nullptr;
    std::string message_; ///< of which some frames have come
    std::string out_;
    /// The beginning of a frame that is not given on yet: a head that is not whole, or a control frame.
    /// libwslay checks the text of a close wrongly where it gets it in parts.
    std::string held_;
    std::uint64_t passing_ = 0; ///< bytes of a frame's payload that are still to come
    bool inMessage_ = false;
    bool inControl_ = false;
    bool tooLarge_ = false;
    bool over_ = false;
    std::optional<WebSocketEnd> heard_, said_;
};

} // namespace core::http
