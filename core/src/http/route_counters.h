#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <string>

#include "core/metrics.h"

namespace core::http::detail {

/// The numbers of one route, each looked up in the registry when it is first needed and from then on counted
/// without a lock or a string of ours. Serves one registry. Thread-safe.
class RouteCounters {
public:
    /// `status` 0: the request was parked.
    void count(metrics::Registry& registry, const std::string& method, const std::string& route, int status,
               double seconds);

private:
    struct Slot {
        int status = 0; ///< written before `counter`
        std::atomic<metrics::Counter*> counter{nullptr};
    };
    metrics::Counter& counterOf(metrics::Registry& registry, const std::string& method,
                                const std::string& route, int status);
    metrics::Histogram& histogramOf(metrics::Registry& registry, const std::string& route);

    /// A route that gives more statuses looks the rest of them up each time.
    std::array<Slot, 12> slots_;
    std::atomic<metrics::Histogram*> histogram_{nullptr};
    std::mutex filling_;
};

} // namespace core::http::detail
