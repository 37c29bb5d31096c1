#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace agent {

/// How long something may take, and stand still.
struct TimeLimits {
    std::chrono::milliseconds total;
    std::chrono::milliseconds still;
};

/// Whether something that runs keeps its limits, from when this object is made. One thread.
class TimeWatch {
public:
    using Clock = std::chrono::steady_clock;
    explicit TimeWatch(TimeLimits limits, Clock::time_point now = Clock::now())
        : limits_(limits), began_(now), movedAt_(now) {}

    /// `count`: what it has done so far, in any unit; another than before is a sign of life.
    void moved(std::uint64_t count, Clock::time_point now = Clock::now()) noexcept;
    /// Why it is to be ended, to be said of it: "stood still for 15m". Empty: nothing is over.
    [[nodiscard]] std::string over(Clock::time_point now = Clock::now()) const;

private:
    TimeLimits limits_;
    Clock::time_point began_;
    Clock::time_point movedAt_;
    std::uint64_t count_ = 0;
};

} // namespace agent
