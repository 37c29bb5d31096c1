#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/event/bus.h"
#include "core/event/catalogue.h"
#include "core/log.h"
#include "core/time.h"
#include "core/wakeups.h"
#include "event/outbox.h"

namespace core::event {

struct BusOptions {
    std::size_t threads = 2;
    /// A handler that takes longer is reported, once a minute for each subscriber.
    milliseconds slowHandler{1000};
};

/// The host's bus: bounded queues, drained by a few threads, one call at a time per subscriber.
class CORE_EXPORT QueuedBus final : public Bus {
public:
    /// `clock` must outlive it.
    QueuedBus(Logger log, const Clock& clock, BusOptions options = {});
    ~QueuedBus() override;

    void publishRaw(Message message) override;
    [[nodiscard]] Subscription subscribeRaw(std::string key, SubscriberOptions options,
                                            std::function<void(const Message&)> handler) override;
    [[nodiscard]] std::vector<SubscriberStats> stats() const override;
    void record(db::Transaction& tx, const Message& message) override;

    /// From now on events that cross hosts do: they travel as wake-ups, so one may be lost, and one whose
    /// fields are longer than 3400 bytes is not sent, which is logged. `host` names this process among all.
    /// To be called once, before any publish; the object must outlive this one's use.
    void share(Wakeups& wakeups, std::string host);

    /// From now on events that are not in the catalogue are refused, and durable ones are written into the
    /// outbox. To be called once, before any publish; both must outlive this one's use.
    void keep(const Catalogue& catalogue, Outbox& outbox);

    /// Takes no more events from the call on, delivers what waits within the limit, and joins. Logs how many
    /// were refused meanwhile and how many were not delivered.
    void stop(milliseconds limit);
    /// Events that came after stop() had begun.
    [[nodiscard]] std::uint64_t refused() const;

private:
    struct Subscriber;
    struct Shared;
    void enqueue(Message message);
    void send(const Message& message);
    void receive(std::string_view text);

    std::shared_ptr<Shared> shared_;
    std::vector<std::jthread> threads_;
    const Catalogue* catalogue_ = nullptr;
    Outbox* outbox_ = nullptr;
    Wakeups* wakeups_ = nullptr;
    std::string host_;
    std::atomic<std::uint64_t> sent_{0};
    WakeupSubscription others_; // last: it uses the above
};

} // namespace core::event
