#pragma once

#include <gmock/gmock.h>

#include "core/time.h"

namespace core::testkit {

/// For tests that expect certain readings; FakeClock is better where time passes.
class MockClock : public Clock {
public:
    MOCK_METHOD(Instant, now, (), (const, override));
    MOCK_METHOD(std::chrono::steady_clock::time_point, steady, (), (const, override));
    MOCK_METHOD(bool, waitUntil,
                (std::unique_lock<std::mutex> & lock, std::condition_variable_any& changed,
                 const std::stop_token& stop, std::chrono::steady_clock::time_point deadline,
                 const std::function<bool()>& done),
                (const, override));
};

} // namespace core::testkit
