#pragma once

#include <gmock/gmock.h>

#include "core/event/bus.h"

namespace core::testkit {

/// For tests that expect certain events; RecordingBus is better where they are to arrive.
class MockBus : public event::Bus {
public:
    MOCK_METHOD(void, publishRaw, (Message message), (override));
    MOCK_METHOD(event::Subscription, subscribeRaw,
                (std::string key, event::SubscriberOptions options,
                 std::function<void(const Message&)> handler),
                (override));
    MOCK_METHOD(std::vector<event::SubscriberStats>, stats, (), (const, override));
    MOCK_METHOD(void, record, (db::Transaction & tx, const Message& message), (override));
};

} // namespace core::testkit
