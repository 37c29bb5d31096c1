#pragma once

#include <chrono>

namespace agent {

/// Exponential back-off with jitter: from `first`, doubling, up to `most`, each time at random between half
/// of that and all of it.
class Backoff {
public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most) : first_(first), most_(most) {}
    [[nodiscard]] std::chrono::milliseconds next();
    void reset() noexcept { failures_ = 0; }
    [[nodiscard]] int failures() const noexcept { return failures_; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds most_;
    int failures_ = 0;
};

} // namespace agent
