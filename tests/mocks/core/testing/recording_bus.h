#pragma once

#include <algorithm>
#include <any>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/event/bus.h"

namespace core::testkit {

/// A bus that delivers at once, on the publisher's thread, and keeps what was published. A handler's
/// exception is contained as on the host's bus; failures() has it. Thread-safe.
class RecordingBus final : public event::Bus {
public:
    void publishRaw(Message message) override {
        std::vector<std::shared_ptr<Subscriber>> receivers;
        {
            const std::lock_guard lock(mutex_);
            messages_.push_back(message);
            for (const auto& subscriber : subscribers_)
                if (subscriber->stats.key == message.key)
                    receivers.push_back(subscriber);
        }
        for (const auto& subscriber : receivers) {
            std::string failure;
            try {
                subscriber->handler(message);
            } catch (...) {
                failure = describeCurrentException();
            }
            const std::lock_guard lock(mutex_);
            ++(failure.empty() ? subscriber->stats.delivered : subscriber->stats.failed);
            if (!failure.empty())
                failures_.push_back(subscriber->stats.name + ": " + failure);
        }
    }
    [[nodiscard]] event::Subscription subscribeRaw(std::string key, event::SubscriberOptions options,
                                                   std::function<void(const Message&)> handler) override {
        auto subscriber = std::make_shared<Subscriber>();
        subscriber->stats.name = std::move(options.name);
        subscriber->stats.key = std::move(key);
        subscriber->handler = std::move(handler);
        const std::lock_guard lock(mutex_);
        subscribers_.push_back(subscriber);
        return event::Subscription(std::shared_ptr<void>(subscriber.get(), [this, subscriber](void*) {
            const std::lock_guard ending(mutex_);
            std::erase(subscribers_, subscriber);
        }));
    }
    [[nodiscard]] std::vector<event::SubscriberStats> stats() const override {
        const std::lock_guard lock(mutex_);
        std::vector<event::SubscriberStats> all;
        for (const auto& subscriber : subscribers_)
            all.push_back(subscriber->stats);
        return all;
    }

    /// The events of that type, in order.
    template <event::Event E>
    [[nodiscard]] std::vector<E> of() const {
        const std::lock_guard lock(mutex_);
        std::vector<E> all;
        for (const auto& message : messages_)
            if (message.key == E::kKey)
                all.push_back(std::any_cast<const E&>(*message.event));
        return all;
    }
    /// The fields of all events of that key, in order.
    [[nodiscard]] std::vector<json::Value> of(std::string_view key) const {
        const std::lock_guard lock(mutex_);
        std::vector<json::Value> all;
        for (const auto& message : messages_)
            if (message.key == key)
                all.push_back(*message.fields);
        return all;
    }
    /// "subscriber: what it threw", in order.
    [[nodiscard]] std::vector<std::string> failures() const {
        const std::lock_guard lock(mutex_);
        return failures_;
    }

private:
    struct Subscriber {
        event::SubscriberStats stats;
        std::function<void(const Message&)> handler;
    };
    mutable std::mutex mutex_;
    std::vector<Message> messages_;
    std::vector<std::shared_ptr<Subscriber>> subscribers_;
    std::vector<std::string> failures_;
};

} // namespace core::testkit
