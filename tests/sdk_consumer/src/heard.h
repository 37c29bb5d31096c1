#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/module/module.h"

namespace sites {

/// The last event of each type that came, and which way. Thread-safe.
class Heard {
public:
    struct Entry {
        std::string key;
        bool durable = false; ///< by a durable subscription
        core::json::Value fields;
    };

    void note(std::string_view key, bool durable, core::json::Value fields) {
        const std::lock_guard lock(mutex_);
        last_[{std::string(key), durable}] = std::move(fields);
    }
    [[nodiscard]] std::vector<Entry> all() const {
        const std::lock_guard lock(mutex_);
        std::vector<Entry> entries;
        for (const auto& [which, fields] : last_)
            entries.push_back({which.first, which.second, fields});
        return entries;
    }

    /// Subscriptions to events of that type: an ordinary one, and a durable one if it is durable.
    template <core::event::Event E>
    void listen(std::vector<core::EventHandler>& handlers) {
        const std::string key(E::kKey);
        handlers.push_back(core::EventHandler::on<E>({.name = "sites.heard"}, [this](const E& event) {
            note(E::kKey, false, core::wire::toJson(event));
        }));
        if constexpr (core::event::DurableEvent<E>)
            handlers.push_back(core::EventHandler::durable<E>(
                "sites.heard." + key, [this](const E& event, const core::event::Delivery&) {
                    note(E::kKey, true, core::wire::toJson(event));
                }));
    }

private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, bool>, core::json::Value> last_;
};

} // namespace sites
