// Frames of a WebSocket's client: the same messages and the same end however the bytes are split, nothing
// above the limits, and frames of its own that can be read.
#include <algorithm>
#include <utility>
#include <vector>

#include "core/encoding.h"
#include "fuzz/oracle.h"
#include "http/web_socket_frames.h"

using namespace core::http;
using fuzz::require;

namespace {

constexpr WebSocketFrames::Limits kLimits{2000, 3000};

struct Heard {
    std::vector<WebSocketMessage> messages;
    std::string said;
    WebSocketEnd end;
    bool over = false;
};

/// Fed in pieces of random lengths up to `most`.
Heard feed(std::string_view bytes, std::size_t most) {
    WebSocketFrames frames(kLimits);
    fuzz::Numbers numbers(bytes);
    Heard heard;
    while (!bytes.empty()) {
        const std::size_t length = std::min<std::size_t>(bytes.size(), 1 + numbers.below(most));
        frames.feed(bytes.substr(0, length), heard.messages);
        heard.said.append(std::exchange(frames.out(), {}));
        bytes.remove_prefix(length);
    }
    heard.end = frames.end();
    heard.over = frames.over();
    return heard;
}

/// What the host says is whole frames without a mask: pongs, and one close at the end.
void judgeSaid(std::string_view said, bool over) {
    bool closed = false;
    while (!said.empty()) {
        require(!closed, "nothing after a close");
        require(said.size() >= 2, "whole frames");
        const int first = static_cast<unsigned char>(said[0]);
        const std::size_t length = static_cast<unsigned char>(said[1]);
        require(first == 0x8a || first == 0x88, "a pong or a close");
        require(length <= 125 && said.size() >= 2 + length, "a control frame, and whole");
        closed = first == 0x88;
        if (closed && length >= 2)
            require(core::isUtf8(said.substr(4, length - 2)), "a reason that is text");
        said.remove_prefix(2 + length);
    }
    require(closed == over, "a close exactly where it is over");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    WebSocketFrames frames(kLimits);
    Heard whole;
    frames.feed(input, whole.messages);
    whole.said = frames.out();
    whole.end = frames.end();
    whole.over = frames.over();
    for (const auto& message : whole.messages) {
        require(message.data.size() <= kLimits.message, "the limit of a message");
        require(!message.text || core::isUtf8(message.data), "a text is text");
    }
    judgeSaid(whole.said, whole.over);
    for (const std::size_t most : {1, 9, 700}) {
        const Heard split = feed(input, most);
        judgeSaid(split.said, split.over);
        require(split.messages == whole.messages, "the same messages");
        require(split.over == whole.over, "the same judgement");
        require(split.end == whole.end, "the same end");
    }
    return 0;
}
