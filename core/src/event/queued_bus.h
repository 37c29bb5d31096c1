#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/event/bus.h"
#include "core/log.h"

namespace core::event {

/// The host's bus: bounded queues, drained by a few threads, one call at a time per subscriber.
class QueuedBus final : public Bus {
public:
    QueuedBus(Logger log, std::size_t threads = 2);
    ~QueuedBus() override;

    void publishRaw(Message message) override;
    [[nodiscard]] Subscription subscribeRaw(std::string key, SubscriberOptions options,
                                            std::function<void(const Message&)> handler) override;
    [[nodiscard]] std::vector<SubscriberStats> stats() const override;

    /// Takes no more events, delivers what waits within the deadline, and joins. Reports what was dropped.
    void stop(std::chrono::milliseconds deadline);

private:
    struct Subscriber;
    struct Shared;
    std::shared_ptr<Shared> shared_;
    std::vector<std::jthread> threads_;
};

} // namespace core::event
