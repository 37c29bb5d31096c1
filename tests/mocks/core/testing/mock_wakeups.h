#pragma once

#include <gmock/gmock.h>

#include "core/wakeups.h"

namespace core::testkit {

/// For tests that expect certain hints; FakeWakeups is better where handlers are to be called.
class MockWakeups : public Wakeups {
public:
    MOCK_METHOD(WakeupSubscription, subscribe, (std::string topic, Handler handler), (override));
    MOCK_METHOD(void, publish, (std::string_view topic, std::string_view key), (override));
};

} // namespace core::testkit
