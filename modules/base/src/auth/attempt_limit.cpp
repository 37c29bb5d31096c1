#include "auth/attempt_limit.h"

#include "core/error.h"

namespace base {

namespace {
constexpr std::size_t kFailures = 10;
constexpr auto kWithin = std::chrono::minutes(15);
constexpr std::size_t kRemembered = 10000;
} // namespace

void AttemptLimit::forgetOld(std::deque<std::chrono::steady_clock::time_point>& times) const {
    const auto since = clock_.steady() - kWithin;
    while (!times.empty() && times.front() < since)
        times.pop_front();
}

void AttemptLimit::require(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = failures_.find(key);
    if (at == failures_.end())
        return;
    forgetOld(at->second);
    if (at->second.size() >= kFailures)
        throw core::Error(core::errors::kRateLimit, "Too many wrong passwords. Try again in 15 minutes.");
}

void AttemptLimit::failed(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (failures_.size() >= kRemembered && !failures_.contains(key)) {
        for (auto it = failures_.begin(); it != failures_.end();) {
            forgetOld(it->second);
            it = it->second.empty() ? failures_.erase(it) : std::next(it);
        }
        if (failures_.size() >= kRemembered)
            failures_.erase(failures_.begin());
    }
    auto& times = failures_[key];
    times.push_back(clock_.steady());
    if (times.size() > kFailures)
        times.pop_front();
}

void AttemptLimit::succeeded(const std::string& key) {
    const std::lock_guard lock(mutex_);
    failures_.erase(key);
}

} // namespace base
