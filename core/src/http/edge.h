#pragma once

#include <memory>
#include <optional>

#include "http/access_log.h"
#include "http/cors.h"
#include "http/late_answer.h"
#include "http/rate_limit.h"
#include "http/throttling.h"

namespace core::http {

struct EdgeOptions {
    Cors cors = Cors(std::vector<std::string>());
    double rateLimit = 0; ///< requests a second of one caller; 0 = no limit
    double rateBurst = 0;
    Throttling::Limits throttle;
    bool accessLog = false;
};

/// What stands before and after the handlers, in the dispatcher's name: other origins, how often somebody may
/// ask, compressed answers, the access log. Thread-safe.
class Edge {
public:
    Edge(EdgeOptions options, const Clock& clock, const Logger& log);

    /// Whether a request is over before anything about it is judged.
    [[nodiscard]] std::optional<Response> preflight(const Request& request,
                                                    const Router::Match& match) const {
        return cors_.preflight(request, match);
    }
    /// Whether it comes from a page of another origin that may read answers.
    [[nodiscard]] bool admitsOrigin(const Request& request) const {
        const std::string* origin = request.headers.find("Origin");
        return origin != nullptr && cors_.admits(*origin);
    }
    /// Whether its caller has sent too many.
    [[nodiscard]] std::optional<Response> overRate(const Request& request);
    /// Runs the handler, at most as often as the route's throttle lets the caller fail.
    Outcome handle(const Route& route, Request& request, const Handler& handler);
    /// Counts credentials that are not valid where the route counts failures. The answer if there were too
    /// many.
    [[nodiscard]] std::optional<Response> failed(const Route& route, const Request& request,
                                                 const std::string& account) {
        return throttling_.failed(route, request, account);
    }
    /// Finishes what is sent and writes its line. What is returned, if anything, does so for what goes on.
    [[nodiscard]] std::unique_ptr<LateAnswer> finish(const Request& request, const Route* route,
                                                     std::chrono::steady_clock::time_point began,
                                                     Outcome& outcome) const;

    AccessLog& accessLog() noexcept { return accessLog_; }

private:
    Cors cors_;
    std::optional<RateLimit> rateLimit_;
    Throttling throttling_;
    AccessLog accessLog_;
};

} // namespace core::http
