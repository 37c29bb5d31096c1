#include "waiting/backoff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/random.h"

namespace agent {

std::chrono::milliseconds Backoff::next() {
    auto delay = first_;
    for (int i = 0; i < failures_ && delay < most_; ++i)
        delay *= 2;
    delay = std::min(delay, most_);
    failures_ = std::min(failures_ + 1, 1000000);
    std::uint32_t random = 0;
    core::fillRandom(std::as_writable_bytes(std::span(&random, 1)));
    const auto half = delay.count() / 2;
    return std::chrono::milliseconds(delay.count() - half + (half > 0 ? random % (half + 1) : 0));
}

} // namespace agent
