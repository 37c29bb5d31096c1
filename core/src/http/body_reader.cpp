#include "http/body_reader.h"

#include <algorithm>
#include <charconv>

#include "http/field_line.h"

namespace core::http {

BodyReader::BodyReader(const Head& head, std::size_t limit)
    : limit_(limit), chunked_(head.chunked), remaining_(head.contentLength.value_or(0)) {}

BodyReader::Progress BodyReader::feed(std::string& buffer) {
    if (chunked_)
        return feedChunked(buffer);
    if (declaredTooLarge())
        return Progress::tooLarge;
    const std::size_t take = std::min<std::uint64_t>(remaining_, buffer.size());
    if (take == buffer.size() && body_.empty())
        body_.swap(buffer);
    else
        body_.append(buffer, 0, take);
    if (take >= buffer.size())
        buffer.clear();
    else
        buffer.erase(0, take);
    remaining_ -= take;
    return remaining_ == 0 ? Progress::complete : Progress::incomplete;
}

BodyReader::Progress BodyReader::feedChunked(std::string& buffer) {
    constexpr std::size_t kMaxLine = 1024;
    std::size_t at = 0;
    const auto finish = [&](Progress progress) {
        buffer.erase(0, at);
        return progress;
    };
    for (;;) {
        if (state_ == ChunkState::data) {
            const std::size_t take = std::min<std::uint64_t>(remaining_, buffer.size() - at);
            body_.append(buffer, at, take);
            at += take;
            remaining_ -= take;
            if (remaining_ > 0)
                return finish(Progress::incomplete);
            state_ = ChunkState::dataEnd;
        }
        const auto end = buffer.find('\n', at);
        if (end == std::string::npos)
            return finish(buffer.size() - at > kMaxLine ? Progress::malformed : Progress::incomplete);
        if (end == at || buffer[end - 1] != '\r' || end - at > kMaxLine)
            return finish(Progress::malformed);
        const std::string_view line(buffer.data() + at, end - 1 - at);
        at = end + 1;
        switch (state_) {
        case ChunkState::size: {
            // Extensions are allowed by the standard and used by nobody but smugglers.
            std::uint64_t size = 0;
            const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
            if (line.empty() || line.size() > 8 || error != std::errc{} || stop != line.data() + line.size())
                return finish(Progress::malformed);
            if (size > limit_ - std::min<std::size_t>(limit_, body_.size()))
                return finish(Progress::tooLarge);
            remaining_ = size;
            state_ = size == 0 ? ChunkState::trailer : ChunkState::data;
            break;
        }
        case ChunkState::dataEnd:
            if (!line.empty())
                return finish(Progress::malformed);
            state_ = ChunkState::size;
            break;
        case ChunkState::trailer:
            if (line.empty())
                return finish(Progress::complete);
            // Nobody reads them: what they say of lengths and codings is nothing.
            trailerBytes_ += line.size();
            if (trailerBytes_ > kMaxLine || readFieldLine(line).problem != nullptr)
                return finish(Progress::malformed);
            break;
        case ChunkState::data:
            break;
        }
    }
}

} // namespace core::http
