#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace core::http {

/// Steady milliseconds, which all deadlines of the event loop are in.
inline std::int64_t steadyMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Instants at which the event loop looks at something, the earliest first. One is never withdrawn: its owner
/// finds out that it has become stale. One thread.
class Timers {
public:
    struct Timer {
        std::int64_t at;
        std::uint64_t id;
        bool operator>(const Timer& other) const noexcept { return at > other.at; }
    };

    void add(std::int64_t at, std::uint64_t id) { queue_.push({at, id}); }
    /// The earliest one that is due, taken out.
    [[nodiscard]] std::optional<Timer> takeDue(std::int64_t now) {
        if (queue_.empty() || queue_.top().at > now)
            return std::nullopt;
        const Timer timer = queue_.top();
        queue_.pop();
        return timer;
    }
    /// When the next one is due; nullopt: never.
    [[nodiscard]] std::optional<std::int64_t> next() const {
        return queue_.empty() ? std::nullopt : std::optional(queue_.top().at);
    }

private:
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> queue_;
};

} // namespace core::http
