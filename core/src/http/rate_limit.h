#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/http/message.h"
#include "core/http/principal.h"
#include "http/token_buckets.h"

namespace core::http {

/// The answer to whoever asks too often: 429 with Retry-After in whole seconds, at least one.
Response tooManyRequests(std::chrono::nanoseconds wait, const std::string& what);

/// How many requests one caller may send, whoever that is: a person, a token, an agent. Thread-safe.
class RateLimit {
public:
    /// So many a second on average, and `burst` at once.
    RateLimit(const Clock& clock, double perSecond, double burst);
    /// nullopt: go on.
    [[nodiscard]] std::optional<Response> refusal(const Principal& caller);

private:
    TokenBuckets buckets_;
};

} // namespace core::http
