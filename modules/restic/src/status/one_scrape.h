#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "core/metrics.h"
#include "core/time.h"

namespace restic {

/// What several families of /metrics are made of: read once for all families of a scrape. Thread-safe.
template <typename T>
class OneScrape {
public:
    using Read = std::function<T(const core::db::Context& context)>;

    OneScrape(const core::Clock& clock, Read read) : clock_(clock), read_(std::move(read)) {}

    /// What `use` makes of it. Throws what reading throws; then the next one reads again.
    template <typename Use>
    auto with(const core::db::Context& context, Use&& use) {
        const auto* tenant = std::get_if<core::TenantContext>(&context);
        const std::string whose = tenant != nullptr ? tenant->tenant().toString() : "";
        const std::lock_guard lock(mutex_);
        if (!known_ || whose != whose_ || clock_.steady() - at_ > kOneScrape) {
            known_ = false;
            value_ = read_(context);
            whose_ = whose;
            at_ = clock_.steady();
            known_ = true;
        }
        return std::forward<Use>(use)(std::as_const(value_));
    }

private:
    static constexpr std::chrono::seconds kOneScrape{2};

    const core::Clock& clock_;
    Read read_;
    std::mutex mutex_;
    bool known_ = false;
    std::string whose_;
    std::chrono::steady_clock::time_point at_;
    T value_;
};

} // namespace restic
