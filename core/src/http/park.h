#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "core/http/route.h"

namespace core::http::detail {

/// Shared by the connection that waits and by whoever will answer it.
struct ParkState {
    enum class Phase { waiting, claimed, over };
    std::atomic<Phase> phase{Phase::waiting};
    Response onTimeout;
    /// Hands the answer to the event loop; does nothing once the server is gone.
    std::function<void(Response)> deliver;

    /// The one transition out of `waiting`.
    bool leaveWaiting(Phase to) {
        Phase expected = Phase::waiting;
        return phase.compare_exchange_strong(expected, to);
    }
};

} // namespace core::http::detail
