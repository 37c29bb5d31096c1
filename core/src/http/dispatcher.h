#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/http/principal.h"
#include "core/http/request.h"
#include "core/http/route.h"
#include "core/log.h"
#include "core/metrics.h"
#include "http/edge.h"
#include "http/idempotency.h"
#include "http/middleware_chain.h"
#include "http/quiet_errors.h"
#include "http/route_counters.h"
#include "http/router.h"

namespace core::http {

/// Where a path that no route knows is looked for: the web application. Called concurrently.
class Fallback {
public:
    virtual ~Fallback() = default;
    /// nullopt: there is nothing.
    virtual std::optional<Response> serve(const Request& request) = 0;
};

/// Judges a request and runs its handler: the one place where exceptions become answers. Thread-safe.
///
/// The order of judgement is fixed: credentials, how often the caller asks, existence, method, limits, body,
/// failed attempts. Nobody without credentials learns what exists.
class Dispatcher {
public:
    Dispatcher(const MiddlewareChain& middleware, Authentication& authentication, const Clock& clock,
               Logger log, metrics::Registry& metrics);

    /// Only before the server runs.
    void setFallback(Fallback* fallback) noexcept { fallback_ = fallback; }
    /// Only before the server runs; without it no answer is kept for repetitions.
    void setIdempotency(const Idempotency* idempotency) noexcept { idempotency_ = idempotency; }
    /// Only before the server runs; without it there are no other origins, no limits of requests, no
    /// compression and no access log.
    void setEdge(Edge* edge) noexcept { edge_ = edge; }
    /// Only before the server runs. Some routes are not there that should be, for this reason: an address
    /// below /api/ that no route knows is answered kUnavailable, not kNotFound.
    void setIncomplete(std::string reason) { incomplete_ = std::move(reason); }

    struct Incoming {
        Request request;
        Router::Match match;
        /// What is wrong with the body, found while reading: kTooLarge or kMalformed.
        std::optional<Error> bodyProblem;
        /// Set by dispatch() where something is left to be done when the answer comes; often null.
        std::unique_ptr<LateAnswer> late;
    };
    /// Throws only std::bad_alloc, where there is no memory even for an answer that says so.
    [[nodiscard]] Outcome dispatch(Incoming& incoming) const;
    /// The answer to a request that nobody will handle. Throws as dispatch().
    [[nodiscard]] Response refuse(Incoming& incoming, const Error& error) const;

    /// How many bytes a body may have there; what no route takes is read up to 64 KiB.
    [[nodiscard]] static std::size_t bodyLimit(const Router::Match& match) noexcept;
    /// What is wrong with a body of more bytes.
    [[nodiscard]] static Error bodyTooLarge(const Router::Match& match);

private:
    Outcome judge(Incoming& incoming) const;
    /// Runs the handler with everything around it; `call`: with what modules and Idempotency-Key put around
    /// it.
    Outcome handle(const Route& route, Request& request) const;
    Outcome call(const Route& route, Request& request) const;
    [[nodiscard]] Outcome answer(Incoming& incoming) const;
    /// What follows every answer; it never spoils one.
    void finish(Incoming& incoming, std::chrono::steady_clock::time_point began,
                Outcome& outcome) const noexcept;
    void count(const Incoming& incoming, const Outcome& outcome, std::chrono::nanoseconds took) const;
    void identify(Request& request, const Route* route) const;
    /// The same where failures are counted. The answer if there were too many.
    [[nodiscard]] std::optional<Response> identifyCounted(Request& request, const Route& route) const;

    const MiddlewareChain* middleware_;
    Authentication* authentication_;
    const Clock* clock_;
    Logger log_;
    metrics::Registry* metrics_;
    Fallback* fallback_ = nullptr;
    const Idempotency* idempotency_ = nullptr;
    Edge* edge_ = nullptr;
    std::string incomplete_;
    mutable QuietErrors quiet_; // of what is unavailable: every request says the same
    mutable detail::RouteCounters unmatched_;
};

} // namespace core::http
