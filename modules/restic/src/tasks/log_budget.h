#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// How many bytes of log lines a tenant's agents may send in an hour, so that one tenant does not fill the
/// database of all. Each host counts for itself. Thread-safe.
class LogBudget {
public:
    explicit LogBudget(std::int64_t bytesPerHour) : bytesPerHour_(bytesPerHour) {}

    /// False if the hour's share is used up.
    bool take(const core::Uuid& tenant, std::int64_t bytes, core::Instant now) {
        const std::lock_guard lock(mutex_);
        const auto hour = std::chrono::floor<std::chrono::hours>(now);
        if (hour != hour_) {
            hour_ = hour;
            used_.clear();
        }
        auto& used = used_[tenant];
        if (used + bytes > bytesPerHour_)
            return false;
        used += bytes;
        return true;
    }

private:
    std::int64_t bytesPerHour_;
    std::mutex mutex_;
    core::Instant hour_{};
    std::map<core::Uuid, std::int64_t> used_;
};

} // namespace restic
