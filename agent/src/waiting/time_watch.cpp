#include "waiting/time_watch.h"

#include "core/time.h"

namespace agent {

void TimeWatch::moved(std::uint64_t count, Clock::time_point now) noexcept {
    if (count == count_)
        return;
    count_ = count;
    movedAt_ = now;
}

std::string TimeWatch::over(Clock::time_point now) const {
    if (now - began_ >= limits_.total)
        return "took longer than " + core::formatDuration(limits_.total);
    if (now - movedAt_ >= limits_.still)
        return "stood still for " + core::formatDuration(limits_.still);
    return {};
}

} // namespace agent
