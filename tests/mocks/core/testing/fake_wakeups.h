#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/wakeups.h"

namespace core::testkit {

/// The hints of a single host: handlers are called at once, on the publisher's thread. One thread at a time.
class FakeWakeups final : public Wakeups {
public:
    [[nodiscard]] WakeupSubscription subscribe(std::string topic, Handler handler) override {
        const auto number = next_++;
        handlers_[number] = {std::move(topic), std::move(handler)};
        return WakeupSubscription(std::shared_ptr<void>(static_cast<void*>(this),
                                                        [this, number](void*) { handlers_.erase(number); }));
    }
    using Wakeups::publish;
    void publish(std::string_view topic, std::string_view key) override {
        published_.emplace_back(topic, key);
        call(topic, key);
    }

    /// What a host does that could not hear for a while.
    void everythingMayHaveChanged(std::string_view topic) { call(topic, std::nullopt); }
    /// Topics and keys, in order.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& published() const noexcept {
        return published_;
    }

private:
    void call(std::string_view topic, std::optional<std::string_view> key) {
        const auto handlers = handlers_; // a handler may end its own subscription
        for (const auto& [number, one] : handlers)
            if (one.first == topic)
                one.second(key);
    }
    std::map<int, std::pair<std::string, Handler>> handlers_;
    std::vector<std::pair<std::string, std::string>> published_;
    int next_ = 0;
};

} // namespace core::testkit
