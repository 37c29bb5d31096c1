#pragma once

#include <gmock/gmock.h>

#include "core/time.h"

namespace core::testkit {

/// For tests that expect certain readings; FakeClock is better where time passes.
class MockClock : public Clock {
public:
    MOCK_METHOD(Instant, now, (), (const, override));
    MOCK_METHOD(std::chrono::steady_clock::time_point, steady, (), (const, override));
};

} // namespace core::testkit
