#pragma once

#include <atomic>
#include <cstddef>

namespace core::http {

/// How much memory all requests may take together: their heads while they arrive, their bodies until they are
/// answered. Thread-safe.
class RequestBudget {
public:
    /// Up to so much does not count: signing in and heartbeats go on when others have used everything up.
    static constexpr std::size_t kFree = 65536;

    explicit RequestBudget(std::size_t most) noexcept : most_(most) {}
    [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

    /// What one request has of it; given back at its end. Used by one thread at a time.
    class Share {
    public:
        explicit Share(RequestBudget& budget) noexcept : budget_(budget) {}
        ~Share() { budget_.used_.fetch_sub(held_, std::memory_order_relaxed); }
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

        /// False if there is no room for that many bytes; it has what it had then.
        [[nodiscard]] bool grow(std::size_t bytes) noexcept {
            const std::size_t wanted = bytes > kFree ? bytes : 0;
            if (wanted <= held_)
                return true;
            const std::size_t more = wanted - held_;
            if (budget_.used_.fetch_add(more, std::memory_order_relaxed) + more > budget_.most_) {
                budget_.used_.fetch_sub(more, std::memory_order_relaxed);
                return false;
            }
            held_ = wanted;
            return true;
        }

    private:
        RequestBudget& budget_;
        std::size_t held_ = 0;
    };

private:
    const std::size_t most_;
    std::atomic<std::size_t> used_{0};
};

} // namespace core::http
