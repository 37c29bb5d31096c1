#include "http/quiet_errors.h"

namespace core::http {

std::optional<std::int64_t> QuietErrors::write(const std::string& reason,
                                               std::chrono::steady_clock::time_point now) {
    constexpr std::size_t kMost = 100;
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(reason);
    if (found != known_.end()) {
        if (now - found->second.written < kEvery) {
            ++found->second.leftOut;
            return std::nullopt;
        }
        const auto leftOut = found->second.leftOut;
        found->second = {now, 0};
        return leftOut;
    }
    if (known_.size() >= kMost)
        std::erase_if(known_, [&](const auto& entry) { return now - entry.second.written >= kEvery; });
    if (known_.size() >= kMost)
        return std::nullopt; // so many within a minute are noise themselves
    known_[reason] = {now, 0};
    return 0;
}

} // namespace core::http
