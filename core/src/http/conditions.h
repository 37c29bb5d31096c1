#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "core/http/message.h"

namespace core::http {

/// True if the client says with If-None-Match that it has what `etag` names, or anything ("*"). Compares
/// weakly: W/"a" is "a" (RFC 9110, 13.1.2).
bool isKnown(const Headers& headers, std::string_view etag);

/// A part of the content, both ends within it.
struct ByteRange {
    std::size_t first = 0;
    std::size_t last = 0;
    bool operator==(const ByteRange&) const = default;
};
/// The client asks for bytes that the content does not have.
struct Unsatisfiable {
    bool operator==(const Unsatisfiable&) const = default;
};
/// The whole content, a part of it, or a refusal.
using WantedBytes = std::variant<std::monostate, ByteRange, Unsatisfiable>;

/// What a GET asks for with Range and If-Range. Several ranges, other units than bytes and what is malformed
/// mean the whole content, as RFC 9110, 14.2 allows; so does an If-Range that does not name `etag` strongly.
WantedBytes wantedBytes(const Headers& headers, std::string_view etag, std::size_t size);

} // namespace core::http
