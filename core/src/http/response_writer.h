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

/// The bytes of one answer. Names and values that would break the framing (CR, LF, NUL) are dropped.
std::string serialize(const Response& response, const WireOptions& options);

} // namespace core::http
