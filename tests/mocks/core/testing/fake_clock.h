#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/time.h"

namespace core::testkit {

/// A clock that stands still until it is moved. Thread-safe.
class FakeClock final : public Clock {
public:
    /// 2026-01-31T02:00:00Z unless told otherwise.
    explicit FakeClock(Instant start = fromMicros(1'769'824'800'000'000)) : us_(toMicros(start)) {}

    [[nodiscard]] Instant now() const override { return fromMicros(us_); }
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(std::chrono::microseconds(us_.load()));
    }
    /// Looks again every millisecond of real time: what waits on this clock may end at any moment, so
    /// advance() cannot know whom to notify.
    bool waitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable_any& changed,
                   const std::stop_token& stop, std::chrono::steady_clock::time_point deadline,
                   const std::function<bool()>& done) const override {
        if (done())
            return true;
        ++waiting_;
        while (!stop.stop_requested() && steady() < deadline)
            if (changed.wait_for(lock, stop, std::chrono::milliseconds(1), done))
                break;
        --waiting_;
        return done();
    }
    void advance(std::chrono::microseconds by) { us_ += by.count(); }
    /// How many threads wait on this clock: those have nothing to do before it is moved or somebody notifies
    /// them, so a test can tell "nothing happens" from "not yet".
    [[nodiscard]] int waiting() const { return waiting_; }

private:
    std::atomic<std::int64_t> us_;
    mutable std::atomic<int> waiting_{0};
};

} // namespace core::testkit
