#pragma once

#include <algorithm>
#include <any>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/event/bus.h"
#include "core/event/catalogue.h"

namespace core::testkit {

/// A bus that delivers at once, on the publisher's thread, and keeps what was published. A handler's
/// exception is contained as on the host's bus; failures() has it. A durable subscription whose handler threw
/// waits, with what comes after, until the test calls retry(). Thread-safe.
class RecordingBus final : public event::Bus {
public:
    using DurableHandler = std::function<void(const Message&, const event::Delivery&)>;

    void publishRaw(Message message) override {
        check(message.key);
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
    void record(db::Transaction& tx, const Message& message) override {
        check(message.key);
        if (message.durable)
            tx.afterCommit([this, message] {
                {
                    const std::lock_guard lock(mutex_);
                    const event::Delivery delivery{++lastId_, 1, SystemClock().now()};
                    for (const auto& subscriber : durable_)
                        if (subscriber->key == message.key) // as out of a row: without the object
                            subscriber->due.push_back(
                                {{message.key, nullptr, std::make_shared<const json::Value>(message.toJson()),
                                  false, true},
                                 delivery});
                }
                retry();
            });
    }
    [[nodiscard]] std::vector<event::SubscriberStats> stats() const override {
        const std::lock_guard lock(mutex_);
        std::vector<event::SubscriberStats> all;
        for (const auto& subscriber : subscribers_)
            all.push_back(subscriber->stats);
        return all;
    }

    /// From now on an event of that module which is not in the catalogue is refused, as by the host; those of
    /// other modules are the test's to publish. The catalogue must outlive the use.
    void refuseUndeclared(const event::Catalogue& catalogue, const std::string& module) {
        const std::lock_guard lock(mutex_);
        catalogue_ = &catalogue;
        prefix_ = module + ".";
    }
    /// A durable subscription, as EventHandler::durable makes one.
    void subscribeDurably(std::string name, std::string key, DurableHandler handler) {
        const std::lock_guard lock(mutex_);
        durable_.push_back(std::make_shared<Durable>(
            Durable{std::move(name), std::move(key), std::move(handler), {}, {}, false}));
    }
    void endDurable() {
        const std::lock_guard lock(mutex_);
        durable_.clear();
    }
    /// Delivers what waits at durable subscriptions, each until its handler throws.
    void retry() {
        std::vector<std::shared_ptr<Durable>> all;
        {
            const std::lock_guard lock(mutex_);
            all = durable_;
        }
        for (const auto& subscriber : all) {
            {
                // What a handler publishes waits until it has returned: one call at a time.
                const std::lock_guard lock(mutex_);
                if (subscriber->running)
                    continue;
                subscriber->running = true;
            }
            while (deliverNext(*subscriber)) {
            }
        }
    }
    /// Calls the handler once more with the last event that it took, as after a crash of the host at the
    /// wrong moment. Throws std::logic_error if there is none.
    void repeatLast(std::string_view name) {
        std::shared_ptr<Durable> found;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& subscriber : durable_)
                if (subscriber->name == name && subscriber->last) {
                    found = subscriber;
                    ++found->last->delivery.attempt;
                    found->due.push_front(*found->last);
                }
        }
        if (!found)
            throw std::logic_error("The durable subscription " + std::string(name) + " has had no event.");
        retry();
    }

    /// The events of that type, in order.
    template <event::Event E>
    [[nodiscard]] std::vector<E> of() const {
        const std::lock_guard lock(mutex_);
        std::vector<E> all;
        for (const auto& message : messages_)
            if (message.key == E::kKey)
                all.push_back(eventOf<E>(message));
        return all;
    }
    /// The fields of all events of that key, in order.
    [[nodiscard]] std::vector<json::Value> of(std::string_view key) const {
        const std::lock_guard lock(mutex_);
        std::vector<json::Value> all;
        for (const auto& message : messages_)
            if (message.key == key)
                all.push_back(message.toJson());
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
    struct Due {
        Message message;
        event::Delivery delivery;
    };
    struct Durable {
        std::string name;
        std::string key;
        DurableHandler handler;
        std::deque<Due> due;
        std::optional<Due> last;
        bool running = false;
    };
    /// False if nothing waits, or the handler threw; then it does not run any more.
    bool deliverNext(Durable& subscriber) {
        Due due;
        {
            const std::lock_guard lock(mutex_);
            if (subscriber.due.empty()) {
                subscriber.running = false;
                return false;
            }
            due = subscriber.due.front();
        }
        std::string failure;
        try {
            subscriber.handler(due.message, due.delivery);
        } catch (...) {
            failure = describeCurrentException();
        }
        const std::lock_guard lock(mutex_);
        if (failure.empty()) {
            subscriber.due.pop_front();
            subscriber.last = std::move(due);
            return true;
        }
        ++subscriber.due.front().delivery.attempt;
        failures_.push_back(subscriber.name + ": " + failure);
        subscriber.running = false;
        return false;
    }
    void check(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        if (catalogue_ != nullptr && key.starts_with(prefix_))
            catalogue_->checkPublish(key);
    }
    mutable std::mutex mutex_;
    const event::Catalogue* catalogue_ = nullptr;
    std::string prefix_;
    std::int64_t lastId_ = 0;
    std::vector<std::shared_ptr<Durable>> durable_;
    std::vector<Message> messages_;
    std::vector<std::shared_ptr<Subscriber>> subscribers_;
    std::vector<std::string> failures_;
};

} // namespace core::testkit
