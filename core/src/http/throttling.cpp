#include "http/throttling.h"

#include <algorithm>

#include "core/encoding.h"
#include "http/ip_address.h"
#include "http/rate_limit.h"

namespace core::http {

namespace {
TokenBuckets::Limit limitOf(double failures, std::chrono::milliseconds window) {
    return {failures, std::chrono::duration_cast<std::chrono::nanoseconds>(window / failures)};
}

/// Whose failures count together; "" for this machine and for what is no address.
std::string networkOf(const std::string& text) {
    const auto address = IpAddress::parse(text);
    return address && !address->isLoopback() ? std::to_string(address->network()) : std::string();
}

bool isFailure(int status) {
    return status == 401 || status == 403;
}
} // namespace

Throttling::Throttling(const Clock& clock, Limits limits)
    : accounts_(clock, limitOf(limits.accountFailures, limits.window)),
      addresses_(clock, limitOf(limits.addressFailures, limits.window)) {}

Outcome Throttling::run(const Route& route, Request& request, const Handler& handler) {
    const std::string account = route.throttle.accountOf(request);
    const std::string network = networkOf(request.remoteAddress);
    std::optional<BucketKey> accountKey, addressKey;
    if (!account.empty())
        accountKey.emplace(joinWithLengths({route.method, route.path, account, network}));
    if (!network.empty())
        addressKey.emplace(joinWithLengths({route.method, route.path, network}));

    const auto wait = std::max(accountKey ? accounts_.waitFor(*accountKey) : std::chrono::nanoseconds{0},
                               addressKey ? addresses_.waitFor(*addressKey) : std::chrono::nanoseconds{0});
    if (wait.count() > 0)
        return tooManyRequests(wait, "Too many attempts have failed.");

    // Counted afterwards, on credit where several ran at once: an attempt that is right costs nothing.
    const auto count = [&](int status) {
        if (isFailure(status)) {
            if (accountKey)
                accounts_.charge(*accountKey);
            if (addressKey)
                addresses_.charge(*addressKey);
        } else if (status < 400 && accountKey) {
            accounts_.refill(*accountKey); // of the address alone, the next account's failures still count
        }
    };
    try {
        Outcome outcome = handler(request);
        if (const auto* response = std::get_if<Response>(&outcome))
            count(response->status);
        return outcome;
    } catch (const Error& error) {
        count(error.status());
        throw;
    }
}

} // namespace core::http
