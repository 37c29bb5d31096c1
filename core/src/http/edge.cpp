#include "http/edge.h"

#include "http/content_coding.h"

namespace core::http {

namespace {
constexpr std::size_t kLeastCompressed = 1024;
/// Above that a short request would hold its worker for a tenth of a second.
constexpr std::size_t kMostCompressed = 8U << 20U;

/// Only answers to GET: what they hold was asked for with a token that no other page's script has, so nobody
/// can make a browser ask again and again and watch the length (BREACH); secrets are given out by POST only.
void compress(const Request& request, const Route* route, Response& response) {
    if (route == nullptr || !route->compressed || (request.method != "GET" && request.method != "HEAD") ||
        response.status != 200 || response.shared || response.body.size() < kLeastCompressed ||
        response.body.size() > kMostCompressed ||
        response.headers.get("Content-Type") != "application/json" ||
        response.headers.find("Content-Encoding") != nullptr || response.headers.find("ETag") != nullptr ||
        response.headers.find("Set-Cookie") != nullptr)
        return;
    response.headers.add("Vary", "Accept-Encoding");
    if (AcceptedCodings(request.headers).choose(true, false) != Coding::gzip)
        return;
    response.body = gzip(response.body);
    response.headers.add("Content-Encoding", std::string(codingName(Coding::gzip)));
}
} // namespace

Edge::Edge(EdgeOptions options, const Clock& clock, const Logger& log)
    : cors_(std::move(options.cors)), throttling_(clock, options.throttle),
      accessLog_(log.named("access"), clock, options.accessLog) {
    if (options.rateLimit > 0)
        rateLimit_.emplace(clock, options.rateLimit, options.rateBurst);
}

std::optional<Response> Edge::overRate(const Request& request) {
    return rateLimit_ && request.caller ? rateLimit_->refusal(*request.caller) : std::nullopt;
}

Outcome Edge::handle(const Route& route, Request& request, const Handler& handler) {
    return route.throttle.declared() ? throttling_.run(route, request, handler) : handler(request);
}

std::unique_ptr<LateAnswer> Edge::finish(const Request& request, const Route* route,
                                         std::chrono::steady_clock::time_point began,
                                         Outcome& outcome) const {
    auto line = accessLog_.begin(request, route, began);
    if (auto* response = std::get_if<Response>(&outcome)) {
        compress(request, route, *response);
        cors_.mark(request.headers.find("Origin"), *response);
        if (line)
            accessLog_.answered(*line, *response);
        return nullptr;
    }
    return line || cors_.listed() ? std::make_unique<LateAnswer>(cors_, request, accessLog_, std::move(line))
                                  : nullptr;
}

} // namespace core::http
