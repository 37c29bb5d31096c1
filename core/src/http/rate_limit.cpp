#include "http/rate_limit.h"

#include <cmath>

#include <fmt/format.h>

namespace core::http {

Response tooManyRequests(std::chrono::nanoseconds wait, const std::string& what) {
    const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
    Response response =
        Response::error(Error(errors::kRateLimit, fmt::format("{} Try again in {} s.", what, seconds)));
    response.headers.set("Retry-After", std::to_string(seconds));
    return response;
}

RateLimit::RateLimit(const Clock& clock, double perSecond, double burst)
    : buckets_(clock, {burst, std::chrono::nanoseconds(std::llround(1e9 / perSecond))}) {}

std::optional<Response> RateLimit::refusal(const Principal& caller) {
    const auto wait = buckets_.take(BucketKey(caller.id));
    if (wait.count() == 0)
        return std::nullopt;
    return tooManyRequests(wait, "You send requests faster than this host takes them (http.rate_limit).");
}

} // namespace core::http
