#pragma once

#include <atomic>
#include <cstddef>

namespace core::http {

/// How much memory the bodies of all requests may take together, from their first byte until they are
/// answered. Thread-safe.
class BodyBudget {
public:
    /// Of a body so much does not count: signing in and heartbeats go on when others have used everything up.
    static constexpr std::size_t kFree = 65536;

    explicit BodyBudget(std::size_t most) noexcept : most_(most) {}
    [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

    /// What one request has of it; given back at its end. Used by one thread at a time.
    class Share {
    public:
        explicit Share(BodyBudget& budget) noexcept : budget_(budget) {}
        ~Share() { budget_.used_.fetch_sub(held_, std::memory_order_relaxed); }
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

        /// False if there is no room for a body of that many bytes; it has what it had then.
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
        BodyBudget& budget_;
        std::size_t held_ = 0;
    };

private:
    const std::size_t most_;
    std::atomic<std::size_t> used_{0};
};

} // namespace core::http
