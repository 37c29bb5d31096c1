#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/db/database.h"
#include "core/export.h"

namespace core {

/// Ends a subscription of Wakeups when destroyed, and waits for a call of its handler that is under way.
class CORE_EXPORT WakeupSubscription {
public:
    WakeupSubscription() = default;
    explicit WakeupSubscription(std::shared_ptr<void> token) : token_(std::move(token)) {}

private:
    std::shared_ptr<void> token_;
};

/// Hints between all hosts of one database, this one included: "look at <key> of <topic> again". A hint may
/// come twice and, while a host cannot reach the database, not at all; what matters stands in the database,
/// and a host that could not hear for a while is told to look at everything. On SQLite there is one host, and
/// the same interface. Thread-safe.
class CORE_EXPORT Wakeups {
public:
    /// `key` is nullopt when anything of the topic may have changed. Called on the publisher's thread for
    /// hints of this host, and on one thread for those of others: returns soon, and publishes nothing. What
    /// it throws is logged.
    using Handler = std::function<void(std::optional<std::string_view> key)>;

    virtual ~Wakeups();
    [[nodiscard]] virtual WakeupSubscription subscribe(std::string topic, Handler handler) = 0;
    /// Handlers of this host have been called when it returns; those of other hosts follow within
    /// milliseconds. A key that is too long to send (more than 7000 bytes) becomes nullopt there.
    virtual void publish(std::string_view topic, std::string_view key) = 0;
    /// The same once the unit of work has committed.
    void publish(db::Transaction& tx, std::string topic, std::string key) {
        tx.afterCommit([this, topic = std::move(topic), key = std::move(key)] { publish(topic, key); });
    }
};

} // namespace core
