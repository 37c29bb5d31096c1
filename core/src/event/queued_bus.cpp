#include "event/queued_bus.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <pthread.h>

#include "core/error.h"

namespace core::event {

Bus::~Bus() = default;

namespace {
constexpr std::string_view kTopic = "core.events";
constexpr std::size_t kMaxFields = 3400; // escaped once more they are twice as long at most
} // namespace

struct QueuedBus::Subscriber {
    SubscriberOptions options;
    std::string key;
    std::function<void(const Message&)> handler;
    std::deque<Message> queue; // under Shared::mutex, as all below
    bool running = false;      // a thread is in the handler
    std::thread::id runner;    // which one
    bool scheduled = false;    // it stands in Shared::ready
    bool ended = false;
    std::uint64_t delivered = 0, dropped = 0, failed = 0, blocked = 0, slow = 0;
    std::optional<std::chrono::steady_clock::time_point> warned; // of a slow call
};

struct QueuedBus::Shared {
    Shared(Logger logger, const Clock& time, BusOptions given)
        : log(std::move(logger)), clock(time), options(given) {}

    Logger log;
    const Clock& clock;
    const BusOptions options;
    mutable std::mutex mutex;
    std::condition_variable ready;       // a subscriber has work, or the bus stops
    std::condition_variable_any changed; // a handler returned, or a queue shrank
    std::multimap<std::string, std::shared_ptr<Subscriber>, std::less<>> subscribers;
    std::deque<std::shared_ptr<Subscriber>> work;
    bool closed = false;   // stop() has begun: nothing is taken in any more
    bool stopping = false; // the threads end
    std::uint64_t refused = 0;

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
            const auto began = clock.steady();
            bool failed = false;
            try {
                subscriber->handler(message);
            } catch (...) {
                failed = true;
                log.error("an event handler failed", {{"subscriber", subscriber->options.name},
                                                      {"event", message.key},
                                                      {"error", describeCurrentException()}});
            }
            const auto ended = clock.steady();
            const bool slow = ended - began > options.slowHandler;
            lock.lock();
            subscriber->running = false;
            subscriber->runner = {};
            ++(failed ? subscriber->failed : subscriber->delivered);
            if (slow && (++subscriber->slow,
                         !subscriber->warned || ended - *subscriber->warned >= std::chrono::minutes{1})) {
                subscriber->warned = ended;
                log.warn("an event handler is slow",
                         {{"subscriber", subscriber->options.name},
                          {"event", message.key},
                          {"took_ms", std::chrono::duration_cast<milliseconds>(ended - began).count()},
                          {"slow_calls", static_cast<std::int64_t>(subscriber->slow)}});
            }
            changed.notify_all();
            schedule(subscriber);
        }
    }
};

QueuedBus::QueuedBus(Logger log, const Clock& clock, BusOptions options)
    : shared_(std::make_shared<Shared>(std::move(log), clock, options)) {
    for (std::size_t i = 0; i < options.threads; ++i)
        threads_.emplace_back([shared = shared_] {
            pthread_setname_np(pthread_self(), "events");
            shared->run();
        });
}

QueuedBus::~QueuedBus() {
    stop(std::chrono::milliseconds{0});
}

void QueuedBus::share(Wakeups& wakeups, std::string host) {
    wakeups_ = &wakeups;
    host_ = std::move(host);
    others_ = wakeups.subscribe(std::string(kTopic), [this](std::optional<std::string_view> text) {
        if (text)
            receive(*text);
        else // after every connect, and when there were too many
            shared_->log.debug("events of other hosts may have been lost");
    });
}

void QueuedBus::keep(const Catalogue& catalogue, Outbox& outbox) {
    catalogue_ = &catalogue;
    outbox_ = &outbox;
}

void QueuedBus::record(db::Transaction& tx, const Message& message) {
    if (catalogue_ != nullptr)
        catalogue_->checkPublish(message.key);
    if (message.durable && outbox_ != nullptr)
        outbox_->write(tx, message);
}

void QueuedBus::publishRaw(Message message) {
    if (catalogue_ != nullptr)
        catalogue_->checkPublish(message.key);
    if (message.crossHost && wakeups_ != nullptr)
        send(message);
    enqueue(std::move(message));
}

// "host number key fields": numbers of one length, so that wake-ups, which travel in order of their text,
// keep the order of one host's events, and no two are alike.
void QueuedBus::send(const Message& message) {
    const auto fields = json::write(message.toJson());
    if (fields.size() > kMaxFields) {
        shared_->log.warn("an event is too large for the other hosts",
                          {{"event", message.key}, {"bytes", static_cast<std::int64_t>(fields.size())}});
        return;
    }
    wakeups_->publish(kTopic, fmt::format("{} {:020} {} {}", host_, ++sent_, message.key, fields));
}

void QueuedBus::receive(std::string_view text) {
    const auto word = [&text] {
        const auto space = text.find(' ');
        const auto found = text.substr(0, space);
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
        return found;
    };
    if (word() == host_)
        return; // delivered when it was published
    word();
    const std::string key(word());
    auto fields = json::parse(text);
    if (!fields) {
        shared_->log.warn("an event of another host cannot be read", {{"event", key}});
        return;
    }
    enqueue({key, nullptr, std::make_shared<const json::Value>(std::move(fields).value()), true});
}

void QueuedBus::enqueue(Message message) {
    std::unique_lock lock(shared_->mutex);
    if (shared_->closed) {
        ++shared_->refused;
        return;
    }
    const auto [begin, end] = shared_->subscribers.equal_range(message.key);
    std::vector<std::shared_ptr<Subscriber>> receivers;
    for (auto it = begin; it != end; ++it)
        receivers.push_back(it->second);
    for (const auto& subscriber : receivers) {
        auto& queue = subscriber->queue;
        const auto& options = subscriber->options;
        // A handler that publishes to its own full queue would wait for itself.
        if (queue.size() >= options.queueLimit && options.overflow == Overflow::block &&
            subscriber->runner != std::this_thread::get_id()) {
            ++subscriber->blocked;
            shared_->clock.waitUntil(
                lock, shared_->changed, {}, shared_->clock.steady() + options.blockFor,
                [&] { return queue.size() < options.queueLimit || subscriber->ended || shared_->closed; });
        }
        if (subscriber->ended)
            continue;
        if (shared_->closed) {
            ++shared_->refused;
            return;
        }
        if (queue.size() >= options.queueLimit) {
            const bool newest = options.overflow == Overflow::dropNewest;
            // The first loss and then every thousandth: a flood must not flood the log.
            if (subscriber->dropped++ % 1000 == 0)
                shared_->log.warn(newest ? "an event queue is full; the new event is dropped"
                                         : "an event queue is full; its oldest event is dropped",
                                  {{"subscriber", options.name}, {"event", message.key}});
            if (newest)
                continue;
            queue.pop_front();
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
                       subscriber->failed, subscriber->blocked, subscriber->slow, subscriber->queue.size()});
    return all;
}

std::uint64_t QueuedBus::refused() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->refused;
}

void QueuedBus::stop(milliseconds limit) {
    {
        std::unique_lock lock(shared_->mutex);
        shared_->closed = true;
        shared_->changed.notify_all(); // publishers that wait for a place
        const auto drained = [&] {
            return std::all_of(
                shared_->subscribers.begin(), shared_->subscribers.end(),
                [](const auto& entry) { return entry.second->queue.empty() && !entry.second->running; });
        };
        shared_->clock.waitUntil(lock, shared_->changed, {}, shared_->clock.steady() + limit, drained);
        shared_->stopping = true;
        std::int64_t lost = 0;
        for (const auto& [key, subscriber] : shared_->subscribers) {
            lost += static_cast<std::int64_t>(subscriber->queue.size());
            subscriber->queue.clear();
        }
        shared_->work.clear();
        if (lost > 0)
            shared_->log.warn("events were not delivered before the stop", {{"count", lost}});
        if (shared_->refused > 0)
            shared_->log.info("events were refused during the stop",
                              {{"count", static_cast<std::int64_t>(shared_->refused)}});
    }
    shared_->ready.notify_all();
    shared_->changed.notify_all();
    threads_.clear();
}

} // namespace core::event
