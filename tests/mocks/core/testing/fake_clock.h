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
    void advance(std::chrono::microseconds by) { us_ += by.count(); }

private:
    std::atomic<std::int64_t> us_;
};

} // namespace core::testkit
