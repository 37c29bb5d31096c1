#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/error.h"
#include "core/event/event.h"
#include "core/export.h"
#include "core/json.h"
#include "core/time.h"
#include "core/wire.h"

namespace core::event {

/// What happens to an event for which a subscriber's queue has no place.
enum class Overflow {
    dropOldest, ///< it takes the place of the oldest
    dropNewest, ///< it is dropped
    block       ///< the publisher waits for a place, up to `blockFor`; then the oldest is dropped
};

struct SubscriberOptions {
    std::string name; ///< for counters and log lines
    Overflow overflow = Overflow::dropOldest;
    std::size_t queueLimit = 1000;
    /// How long a publisher waits at most when `block` is chosen.
    std::chrono::milliseconds blockFor{1000};
};

/// Counted since the subscription began.
struct SubscriberStats {
    std::string name;
    std::string key;
    std::uint64_t delivered = 0; ///< the handler returned
    std::uint64_t dropped = 0;   ///< for want of a place
    std::uint64_t failed = 0;    ///< the handler threw
    std::uint64_t blocked = 0;   ///< publishers that had to wait for a place
    std::uint64_t slow = 0;      ///< calls that took longer than the host's `events.slow_handler`
    std::uint64_t waiting = 0;   ///< in the queue now
};

/// Ends the subscription when destroyed, and waits for a call of the handler that is under way (unless that
/// call is the one destroying it).
class CORE_EXPORT Subscription {
public:
    Subscription() = default;
    explicit Subscription(std::shared_ptr<void> token) : token_(std::move(token)) {}

private:
    std::shared_ptr<void> token_;
};

/// One try to deliver an event to a durable subscription.
struct Delivery {
    std::int64_t id = 0; ///< of the event: the same at every try, so that a second one can be told
    int attempt = 1;     ///< 1 for the first
    Instant publishedAt;
};

/// Tells modules what happened, in their own time: each subscriber has a bounded queue, its handler is called
/// in order and one at a time, its exceptions are contained and counted. Such an event is lost when the
/// process dies. One that must not be lost is declared durable: then it is a row of the unit of work that
/// makes it true, and reaches durable subscriptions (EventHandler::durable) at least once, in order, whatever
/// dies. Ordinary subscribers get durable events too, as any other. Thread-safe.
class CORE_EXPORT Bus {
public:
    /// An event as it travels.
    struct Message {
        std::string key;
        std::shared_ptr<const void> event;         ///< null when it came from another host, or out of a row
        std::shared_ptr<const json::Value> fields; ///< null when `event` is there
        bool crossHost = false;
        bool durable = false;
        const std::type_info* type = nullptr;           ///< of `event`
        json::Value (*describe)(const void*) = nullptr; ///< of `event`

        /// The event's fields, made when they are asked for: most events stay in their process.
        [[nodiscard]] json::Value toJson() const { return event ? describe(event.get()) : *fields; }
        /// The object, if it came along. Throws core::Error(kInternal) if it is another type's.
        template <Event E>
        [[nodiscard]] const E* object() const {
            if (event && *type != typeid(E))
                throw Error(errors::kInternal,
                            "The event " + key + " is not of the type that was asked for.");
            return static_cast<const E*>(event.get());
        }
    };

    virtual ~Bus();
    virtual void publishRaw(Message message) = 0;
    [[nodiscard]] virtual Subscription subscribeRaw(std::string key, SubscriberOptions options,
                                                    std::function<void(const Message&)> handler) = 0;
    [[nodiscard]] virtual std::vector<SubscriberStats> stats() const = 0;
    /// Of publishWith: what has to be done inside the unit of work.
    virtual void record(db::Transaction& tx, const Message& message) = 0;

    /// Never throws because of a handler; throws core::Error(kInternal) for an event that no module
    /// declares. For what changes nothing in the database; otherwise use publishWith().
    template <Event E>
    void publish(E event) {
        static_assert(!isDurable<E>(), "A durable event is published with the unit of work that makes it "
                                       "true: publishWith(tx, event).");
        publishRaw(messageOf(std::move(event)));
    }
    /// Publishes once the unit of work has committed, and not at all if it does not; a durable event is
    /// written with it. Throws as publish() does, and for a durable event of more than 1 MiB; then the unit
    /// is undone.
    template <Event E>
    void publishWith(db::Transaction& tx, E event) {
        Message message = messageOf(std::move(event));
        record(tx, message);
        tx.afterCommit([this, message = std::move(message)] { publishRaw(message); });
    }
    template <Event E>
    // It is moved on; clang-tidy does not see that in a template.
    // NOLINTNEXTLINE(performance-unnecessary-value-param)
    [[nodiscard]] Subscription subscribe(SubscriberOptions options, std::function<void(const E&)> handler) {
        return subscribeRaw(std::string(E::kKey), std::move(options), typed<E>(std::move(handler)));
    }
    /// A handler of messages that calls one of events of that type.
    template <Event E>
    [[nodiscard]] static std::function<void(const Message&)> typed(std::function<void(const E&)> handler) {
        return [handler = std::move(handler)](const Message& message) {
            if (const E* object = message.object<E>())
                handler(*object);
            else
                handler(eventOf<E>(message));
        };
    }
    /// A copy of the event that a message carries. Throws core::Error(kValidation) if its fields are not E's.
    template <Event E>
    [[nodiscard]] static E eventOf(const Message& message) {
        if (const E* object = message.object<E>())
            return *object;
        return wire::read<E>(*message.fields).value();
    }

private:
    template <Event E>
    [[nodiscard]] static Message messageOf(E event) {
        return {std::string(E::kKey),
                std::make_shared<const E>(std::move(event)),
                nullptr,
                crossesHosts<E>(),
                isDurable<E>(),
                &typeid(E),
                [](const void* object) { return wire::toJson(*static_cast<const E*>(object)); }};
    }
};

} // namespace core::event
