#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/export.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/time.h"
#include "core/wakeups.h"

namespace core::event {

struct OutboxOptions {
    /// How long a subscription that no host has is waited for, and how long events that were set aside are
    /// kept.
    milliseconds keep{std::chrono::hours{7 * 24}};
};

/// The rows of events that must survive a crash, and how far each durable subscription has come: the
/// database's side. Delivering them is what Deliveries do. Thread-safe.
class CORE_EXPORT Outbox {
public:
    /// Hints that an event was written: topic of Wakeups; the key is the event's.
    static constexpr std::string_view kTopic = "core.outbox";
    static constexpr std::size_t kMaxFields = std::size_t{1024} * 1024;

    /// References must outlive it.
    Outbox(db::Database& database, const Clock& clock, Logger log, Wakeups& wakeups,
           OutboxOptions options = {});

    /// Writes the event with the unit of work, if any subscription asks for it, and wakes its deliveries
    /// after the commit. Throws core::Error(kValidation) for one of more than kMaxFields bytes.
    void write(db::Transaction& tx, const Bus::Message& message);

    struct Event {
        std::int64_t id = 0;
        std::int64_t position = 0;
        Instant publishedAt;
        std::string fields; ///< JSON
    };
    struct Due {
        int tries = 0; ///< of the first event
        std::vector<Event> events;
    };
    /// To be called first in every unit that changes a subscription: throws if another host has it.
    using Fence = std::function<void(db::Transaction&)>;

    /// Makes the subscription, which begins now, or says that it is still wanted.
    void open(const std::string& name, const std::string& event);
    /// The next events of a subscription, up to `limit`, in order.
    [[nodiscard]] Due due(const std::string& name, const std::string& event, std::size_t limit);
    /// Notes that a try of the subscription's next event begins.
    void begin(const std::string& name, int attempt, const Fence& fence);
    /// The subscription has this event.
    void done(const std::string& name, const Event& event, const Fence& fence);
    /// Sets the event aside.
    void bury(const std::string& name, const std::string& key, const Event& event, int tries,
              const std::string& error, const Fence& fence);
    /// Removes what every subscription of the event has, in batches.
    void prune(const std::string& event);
    /// What is left over: subscriptions that no host has had for `keep`, events that were set aside that long
    /// ago, and events that nobody asks for any more.
    void tidy();

    enum class Outcome { delivered, failed, dead };
    void count(const std::string& name, Outcome outcome);
    [[nodiscard]] std::uint64_t counted(const std::string& name, Outcome outcome) const;
    /// Pending events with the oldest one's age, and what was counted.
    void registerMetrics(metrics::Registry& registry);

    [[nodiscard]] milliseconds keep() const noexcept { return options_.keep; }

private:
    /// Gives positions to what has been committed since. True if there may be more.
    bool number(db::Transaction& tx);

    db::Database& database_;
    const Clock& clock_;
    const Logger log_;
    Wakeups& wakeups_;
    const OutboxOptions options_;
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, Outcome>, std::uint64_t> counts_;
};

} // namespace core::event
