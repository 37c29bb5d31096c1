#include "http/throttling.h"

#include <algorithm>

#include "core/encoding.h"
#include "core/http/ip_address.h"
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

Throttling::Keys Throttling::keysOf(const Route& route, const Request& request, const std::string& account,
                                    const std::string& what) {
    const std::string network = networkOf(request.remoteAddress);
    Keys keys;
    if (!account.empty())
        keys.account.emplace(joinWithLengths({route.method, route.path, what, account, network}));
    if (!network.empty())
        keys.address.emplace(joinWithLengths({route.method, route.path, what, network}));
    return keys;
}

std::optional<Response> Throttling::refusal(const Keys& keys) {
    const auto wait =
        std::max(keys.account ? accounts_.waitFor(*keys.account) : std::chrono::nanoseconds{0},
                 keys.address ? addresses_.waitFor(*keys.address) : std::chrono::nanoseconds{0});
    if (wait.count() == 0)
        return std::nullopt;
    return tooManyRequests(wait, "Too many attempts have failed.");
}

void Throttling::charge(const Keys& keys) {
    if (keys.account)
        accounts_.charge(*keys.account);
    if (keys.address)
        addresses_.charge(*keys.address);
}

std::optional<Response> Throttling::failed(const Route& route, const Request& request,
                                           const std::string& account) {
    const auto keys = keysOf(route, request, account, "credentials");
    if (auto tooMany = refusal(keys))
        return tooMany;
    charge(keys);
    return std::nullopt;
}

Outcome Throttling::run(const Route& route, Request& request, const Handler& handler) {
    const auto keys = keysOf(route, request, route.throttle.accountOf(request), "handler");
    if (auto tooMany = refusal(keys))
        return std::move(*tooMany);

    // Counted afterwards, on credit where several ran at once: an attempt that is right costs nothing.
    const auto count = [&](int status) {
        if (isFailure(status)) {
            charge(keys);
        } else if (status < 400 && keys.account) {
            accounts_.refill(*keys.account); // of the address alone, the next account's failures still count
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
