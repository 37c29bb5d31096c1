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
    /// Counts a failure before the handler, of what is too long to be guessed: somebody else's right one from
    /// the same address is never refused for it. The answer if there were too many.
    [[nodiscard]] std::optional<Response> failed(const Route& route, const Request& request,
                                                 const std::string& account);

private:
    struct Keys {
        std::optional<BucketKey> account, address;
    };
    static Keys keysOf(const Route& route, const Request& request, const std::string& account,
                       const std::string& what);
    [[nodiscard]] std::optional<Response> refusal(const Keys& keys);
    void charge(const Keys& keys);
    TokenBuckets accounts_;
    TokenBuckets addresses_;
};

} // namespace core::http
