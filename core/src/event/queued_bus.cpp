#include "event/queued_bus.h"

#include <algorithm>
#include <atomic>

#include <pthread.h>

#include "core/error.h"

namespace core::event {

Bus::~Bus() = default;

struct QueuedBus::Subscriber {
    SubscriberOptions options;
    std::string key;
    std::function<void(const Message&)> handler;
    std::deque<Message> queue; // under Shared::mutex, as all below
    bool running = false;      // a thread is in the handler
    std::thread::id runner;    // which one
    bool scheduled = false;    // it stands in Shared::ready
    bool ended = false;
    std::uint64_t delivered = 0, dropped = 0, failed = 0;
};

struct QueuedBus::Shared {
    explicit Shared(Logger logger) : log(std::move(logger)) {}

    Logger log;
    mutable std::mutex mutex;
    std::condition_variable ready;   // a subscriber has work, or the bus stops
    std::condition_variable changed; // a handler returned, or a queue shrank
    std::multimap<std::string, std::shared_ptr<Subscriber>, std::less<>> subscribers;
    std::deque<std::shared_ptr<Subscriber>> work;
    bool stopping = false;

    void schedule(const std::shared_ptr<Subscriber>& subscriber) {
        if (subscriber->scheduled || subscriber->running || subscriber->queue.empty() || subscriber->ended)
            return;
        subscriber->scheduled = true;
        work.push_back(subscriber);
        ready.notify_one();
    }

    void run() {
        std::unique_lock lock(mutex);
        for (;;) {
            ready.wait(lock, [&] { return stopping || !work.empty(); });
            if (work.empty())
                return;
            const auto subscriber = work.front();
            work.pop_front();
            subscriber->scheduled = false;
            if (subscriber->ended || subscriber->queue.empty())
                continue;
            const Message message = std::move(subscriber->queue.front());
            subscriber->queue.pop_front();
            subscriber->running = true;
            subscriber->runner = std::this_thread::get_id();
            lock.unlock();
            const auto began = std::chrono::steady_clock::now();
            bool failed = false;
            try {
                subscriber->handler(message);
            } catch (...) {
                failed = true;
                log.error("an event handler failed", {{"subscriber", subscriber->options.name},
                                                      {"event", message.key},
                                                      {"error", describeCurrentException()}});
            }
            const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::steady_clock::now() - began);
            if (took > std::chrono::seconds{1})
                log.warn("an event handler is slow", {{"subscriber", subscriber->options.name},
                                                      {"event", message.key},
                                                      {"took_ms", std::int64_t{took.count()}}});
            lock.lock();
            subscriber->running = false;
            subscriber->runner = {};
            ++(failed ? subscriber->failed : subscriber->delivered);
            changed.notify_all();
            schedule(subscriber);
        }
    }
};

QueuedBus::QueuedBus(Logger log, std::size_t threads) : shared_(std::make_shared<Shared>(std::move(log))) {
    for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([shared = shared_] {
            pthread_setname_np(pthread_self(), "events");
            shared->run();
        });
}

QueuedBus::~QueuedBus() {
    stop(std::chrono::milliseconds{0});
}

void QueuedBus::publishRaw(Message message) {
    std::unique_lock lock(shared_->mutex);
    if (shared_->stopping)
        return;
    const auto [begin, end] = shared_->subscribers.equal_range(message.key);
    std::vector<std::shared_ptr<Subscriber>> receivers;
    for (auto it = begin; it != end; ++it)
        receivers.push_back(it->second);
    for (const auto& subscriber : receivers) {
        auto& queue = subscriber->queue;
        const auto& options = subscriber->options;
        // A handler that publishes to its own full queue would wait for itself.
        if (queue.size() >= options.queueLimit && options.overflow == Overflow::block &&
            subscriber->runner != std::this_thread::get_id())
            shared_->changed.wait_for(lock, options.blockFor, [&] {
                return queue.size() < options.queueLimit || subscriber->ended || shared_->stopping;
            });
        if (subscriber->ended)
            continue;
        if (queue.size() >= options.queueLimit) {
            queue.pop_front();
            // The first loss and then every thousandth: a flood must not flood the log.
            if (subscriber->dropped++ % 1000 == 0)
                shared_->log.warn("an event queue is full; its oldest event is dropped",
                                  {{"subscriber", options.name}, {"event", message.key}});
        }
        queue.push_back(message);
        shared_->schedule(subscriber);
    }
}

Subscription QueuedBus::subscribeRaw(std::string key, SubscriberOptions options,
                                     std::function<void(const Message&)> handler) {
    auto subscriber = std::make_shared<Subscriber>();
    subscriber->options = std::move(options);
    subscriber->options.queueLimit = std::max<std::size_t>(subscriber->options.queueLimit, 1);
    subscriber->key = key;
    subscriber->handler = std::move(handler);
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->subscribers.emplace(std::move(key), subscriber);
    }
    const auto unsubscribe = [shared = shared_, subscriber](void*) {
        std::unique_lock lock(shared->mutex);
        subscriber->ended = true;
        std::erase_if(shared->subscribers, [&](const auto& entry) { return entry.second == subscriber; });
        shared->changed.notify_all();
        shared->changed.wait(
            lock, [&] { return !subscriber->running || subscriber->runner == std::this_thread::get_id(); });
        subscriber->queue.clear();
    };
    return Subscription(std::shared_ptr<void>(static_cast<void*>(subscriber.get()), unsubscribe));
}

std::vector<SubscriberStats> QueuedBus::stats() const {
    const std::lock_guard lock(shared_->mutex);
    std::vector<SubscriberStats> all;
    for (const auto& [key, subscriber] : shared_->subscribers)
        all.push_back({subscriber->options.name, key, subscriber->delivered, subscriber->dropped,
                       subscriber->failed, subscriber->queue.size()});
    return all;
}

void QueuedBus::stop(std::chrono::milliseconds deadline) {
    {
        std::unique_lock lock(shared_->mutex);
        const auto drained = [&] {
            return std::all_of(
                shared_->subscribers.begin(), shared_->subscribers.end(),
                [](const auto& entry) { return entry.second->queue.empty() && !entry.second->running; });
        };
        shared_->changed.wait_for(lock, deadline, drained);
        shared_->stopping = true;
        std::int64_t lost = 0;
        for (const auto& [key, subscriber] : shared_->subscribers) {
            lost += static_cast<std::int64_t>(subscriber->queue.size());
            subscriber->queue.clear();
        }
        shared_->work.clear();
        if (lost > 0)
            shared_->log.warn("events were not delivered before the stop", {{"count", lost}});
    }
    shared_->ready.notify_all();
    shared_->changed.notify_all();
    threads_.clear();
}

} // namespace core::event
