#include "http/route_counters.h"

namespace core::http::detail {

metrics::Counter& RouteCounters::counterOf(metrics::Registry& registry, const std::string& method,
                                           const std::string& route, int status) {
    for (const Slot& slot : slots_) {
        auto* counter = slot.counter.load(std::memory_order_acquire);
        if (counter == nullptr)
            break;
        if (slot.status == status)
            return *counter;
    }
    auto& counter = registry.counter(
        "ae_http_requests_total", "Requests by route and status; a long poll counts when it parks",
        {{"method", method}, {"route", route}, {"status", status == 0 ? "parked" : std::to_string(status)}});
    const std::lock_guard lock(filling_);
    for (Slot& slot : slots_) {
        if (slot.counter.load(std::memory_order_relaxed) == nullptr) {
            slot.status = status;
            slot.counter.store(&counter, std::memory_order_release);
            break;
        }
        if (slot.status == status)
            break;
    }
    return counter;
}

metrics::Histogram& RouteCounters::histogramOf(metrics::Registry& registry, const std::string& route) {
    if (auto* histogram = histogram_.load(std::memory_order_acquire))
        return *histogram;
    static const std::vector<double> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                             0.1,    0.25,  0.5,    1,     2.5,  5,     10};
    auto& histogram =
        registry.histogram("ae_http_request_seconds",
                           "Time from a complete request to its answer, without the wait of a long poll",
                           kBounds, {{"route", route}});
    histogram_.store(&histogram, std::memory_order_release); // whoever else is here stores the same
    return histogram;
}

void RouteCounters::count(metrics::Registry& registry, const std::string& method, const std::string& route,
                          int status, double seconds) {
    counterOf(registry, method, route, status).add();
    histogramOf(registry, route).observe(seconds);
}

} // namespace core::http::detail
