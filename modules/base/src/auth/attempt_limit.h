#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "core/time.h"

namespace base {

/// Slows down the guessing of passwords: after 10 failures within 15 minutes for one address of mail and
/// machine, further attempts wait. In memory and bounded. Thread-safe.
class AttemptLimit {
public:
    explicit AttemptLimit(const core::Clock& clock) : clock_(clock) {}

    /// Throws core::Error(kRateLimit).
    void require(const std::string& key);
    void failed(const std::string& key);
    void succeeded(const std::string& key);

private:
    void forgetOld(std::deque<std::chrono::steady_clock::time_point>& times) const;

    const core::Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, std::deque<std::chrono::steady_clock::time_point>> failures_;
};

} // namespace base
