#pragma once

#include <string>
#include <string_view>

#include "core/http/message.h"

namespace core::http {

struct WireOptions {
    bool keepAlive = true;
    bool headOnly = false;
    std::string_view requestId;
    bool secure = false;
};

/// What goes over the wire for one answer: `own`, then `shared`.
struct WireBytes {
    std::string own;
    SharedBytes shared = {};
};

/// The bytes of one answer; shared ones that are few are copied behind the head. Names and values that would
/// break the framing (CR, LF, NUL) are dropped.
WireBytes serialize(const Response& response, const WireOptions& options);

} // namespace core::http
