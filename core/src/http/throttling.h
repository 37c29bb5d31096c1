#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/http/request.h"
#include "core/http/route.h"
#include "http/token_buckets.h"

namespace core::http {

/// Counts failures at routes that declare a Throttle, and refuses those who failed too often. An account has
/// its failures for each address apart, so that nobody locks it for its owner. The address alone has a larger
/// number, for whoever tries one password at many accounts; IPv6 counts by /64, and this machine has no such
/// number, because a proxy on it speaks for everybody. Thread-safe.
class Throttling {
public:
    struct Limits {
        double accountFailures = 10; ///< of one account from one address, at once
        double addressFailures = 50; ///< of one address, at once
        std::chrono::milliseconds window{
            std::chrono::minutes(15)}; ///< in which they are forgiven, one by one
    };
    Throttling(const Clock& clock, Limits limits);

    /// Runs the handler and looks at its answer, or refuses. Throws what the handler throws.
    Outcome run(const Route& route, Request& request, const Handler& handler);

private:
    TokenBuckets accounts_;
    TokenBuckets addresses_;
};

} // namespace core::http
