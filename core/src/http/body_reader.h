#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace core::http {

/// Collects one request's body from what arrives, by length or by chunks, up to a limit. What it does not
/// take belongs to the next request.
class BodyReader {
public:
    BodyReader(const Head& head, std::size_t limit);

    enum class Progress { incomplete, complete, tooLarge, malformed };
    /// Takes bytes from the front of `buffer`.
    Progress feed(std::string& buffer);
    [[nodiscard]] std::string& body() noexcept { return body_; }
    /// True if the declared length alone exceeds the limit.
    [[nodiscard]] bool declaredTooLarge() const noexcept { return !chunked_ && remaining_ > limit_; }

private:
    enum class ChunkState { size, data, dataEnd, trailer };
    Progress feedChunked(std::string& buffer);

    std::size_t limit_;
    bool chunked_;
    std::uint64_t remaining_ = 0;
    ChunkState state_ = ChunkState::size;
    std::size_t trailerBytes_ = 0;
    std::string body_;
};

} // namespace core::http
