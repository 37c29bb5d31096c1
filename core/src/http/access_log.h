#pragma once

#include <atomic>
#include <chrono>

#include "core/http/request.h"
#include "core/http/route.h"
#include "core/log.h"

namespace core::http {

/// One line for each request that was understood, at level info: what was asked, what came of it, by whom.
/// The query and the bodies are never in it, and what a client wrote is masked before it is cut. Thread-safe.
class AccessLog {
public:
    AccessLog(Logger log, bool on) : log_(std::move(log)), on_(on) {}

    void set(bool on) noexcept { on_ = on; }
    /// A long poll is written when it parks, without a status.
    void write(const Request& request, const Route* route, const Outcome& outcome,
               std::chrono::nanoseconds took) const;

private:
    Logger log_;
    std::atomic<bool> on_;
};

} // namespace core::http
