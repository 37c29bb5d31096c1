#pragma once

#include <any>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/export.h"
#include "core/json.h"

namespace core::event {

/// An event type: an immutable struct that knows its key ("restic.task.completed") and its fields as JSON.
/// With `static constexpr bool kCrossHost = true` it is delivered on the other hosts of the database too, as
/// JSON: to subscribers by key, and to those by type if the type has `static E fromJson(const json::Value&)`.
template <typename E>
concept Event = requires(const E& event) {
    { E::kKey } -> std::convertible_to<std::string_view>;
    { event.toJson() } -> std::same_as<json::Value>;
};

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

/// Tells modules what happened, in their own time: each subscriber has a bounded queue, its handler is called
/// in order and one at a time, its exceptions are contained and counted. What must not be lost is a row in
/// the same transaction, not an event. Thread-safe.
class CORE_EXPORT Bus {
public:
    /// An event as it travels.
    struct Message {
        std::string key;
        std::shared_ptr<const std::any> event; ///< null when it came from another host
        std::shared_ptr<const json::Value> fields;
        bool crossHost = false;
    };

    virtual ~Bus();
    virtual void publishRaw(Message message) = 0;
    [[nodiscard]] virtual Subscription subscribeRaw(std::string key, SubscriberOptions options,
                                                    std::function<void(const Message&)> handler) = 0;
    [[nodiscard]] virtual std::vector<SubscriberStats> stats() const = 0;

    /// Never throws because of a handler.
    template <Event E>
    void publish(E event) {
        auto fields = std::make_shared<const json::Value>(event.toJson());
        bool crossHost = false;
        if constexpr (requires { E::kCrossHost; })
            crossHost = E::kCrossHost;
        publishRaw({std::string(E::kKey), std::make_shared<const std::any>(std::move(event)),
                    std::move(fields), crossHost});
    }
    template <Event E>
    [[nodiscard]] Subscription subscribe(SubscriberOptions options, std::function<void(const E&)> handler) {
        return subscribeRaw(std::string(E::kKey), std::move(options), typed<E>(std::move(handler)));
    }
    /// A handler of messages that calls one of events of that type.
    template <Event E>
    [[nodiscard]] static std::function<void(const Message&)> typed(std::function<void(const E&)> handler) {
        return [handler = std::move(handler)](const Message& message) {
            if (message.event)
                handler(std::any_cast<const E&>(*message.event));
            else if constexpr (requires { E::fromJson(*message.fields); })
                handler(E::fromJson(*message.fields));
        };
    }
};

} // namespace core::event
