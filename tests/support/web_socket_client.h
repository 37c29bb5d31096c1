#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/raw_client.h"

namespace test {

/// The frames that a client sends, byte by byte as RFC 6455, 5.2 has them.
struct Frame {
    enum Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
    std::uint8_t opcode = text;
    std::string payload = {};
    bool last = true;
    bool masked = true;
    std::uint8_t reserved = 0; ///< bits of the first byte

    [[nodiscard]] std::string bytes() const {
        constexpr std::array<char, 4> kMask{'\x11', '\x22', '\x7f', '\x04'};
        std::string out = head(payload.size());
        if (masked)
            out.append(kMask.data(), kMask.size());
        for (std::size_t i = 0; i < payload.size(); ++i)
            out += masked ? static_cast<char>(payload[i] ^ kMask[i % 4]) : payload[i];
        return out;
    }
    /// Without the mask and what follows: of a frame that claims so many bytes.
    [[nodiscard]] std::string head(std::uint64_t size) const {
        std::string out(1, static_cast<char>(opcode | reserved | (last ? 0x80 : 0)));
        const int mask = masked ? 0x80 : 0;
        const int extra = size < 126 ? 0 : size < 65536 ? 2 : 8;
        out += static_cast<char>(mask | (extra == 0 ? static_cast<int>(size) : extra == 2 ? 126 : 127));
        for (int i = extra - 1; i >= 0; --i)
            out += static_cast<char>(size >> (8 * i) & 0xff);
        return out;
    }
    /// Of a close.
    [[nodiscard]] int code() const {
        return payload.size() < 2
                   ? 1005
                   : static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
};

inline std::string closePayload(int code, std::string_view reason = {}) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    return payload.append(reason);
}

constexpr const char* kWebSocketHandshake = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                                            "Sec-WebSocket-Version: 13\r\n"
                                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A client of a WebSocket that sends exactly the frames it is told to, over any other raw client.
template <typename Client = RawClient>
class WebSocketClient : public Client {
public:
    using Client::Client;

    /// The answer to the handshake.
    RawResponse open(const std::string& path, const std::string& fields = {}) {
        return this->ask(path, kWebSocketHandshake + fields);
    }
    void send(const Frame& frame) { Client::send(frame.bytes()); }
    using Client::send;
    void sendText(std::string text) { send(Frame{.payload = std::move(text)}); }
    /// False once the server takes nothing more for that long.
    bool trySend(std::string_view bytes, std::chrono::milliseconds limit) {
        while (!bytes.empty()) {
            pollfd entry{this->descriptor(), POLLOUT, 0};
            if (::poll(&entry, 1, static_cast<int>(limit.count())) <= 0)
                return false;
            const auto sent =
                ::send(this->descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0)
                return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// The next frame of the server.
    Frame next() {
        Frame frame;
        const auto first = static_cast<unsigned char>(this->take(1)[0]);
        frame.opcode = first & 0x0f;
        frame.last = (first & 0x80) != 0;
        frame.reserved = first & 0x70;
        const auto second = static_cast<unsigned char>(this->take(1)[0]);
        frame.masked = (second & 0x80) != 0;
        std::uint64_t size = second & 0x7f;
        if (size >= 126) {
            const auto longer = this->take(size == 126 ? 2 : 8);
            size = 0;
            for (const char c : longer)
                size = size << 8 | static_cast<unsigned char>(c);
        }
        frame.payload = this->take(size);
        return frame;
    }
    /// The next frame, which must be a text.
    std::string nextText() {
        const Frame frame = next();
        if (frame.opcode != Frame::text)
            throw std::runtime_error("not a text, but opcode " + std::to_string(frame.opcode));
        return frame.payload;
    }
};

} // namespace test
