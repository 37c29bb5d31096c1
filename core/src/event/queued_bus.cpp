#include "event/queued_bus.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <pthread.h>

#include "core/error.h"

namespace core::event {

Bus::~Bus() = default;

using std::chrono::steady_clock;

namespace {
constexpr std::string_view kTopic = "core.events";
constexpr std::size_t kMaxFields = 3400; // escaped once more they are twice as long at most
} // namespace

struct QueuedBus::Subscriber {
    SubscriberOptions options;
    std::string key;
    std::function<void(const Message&)> handler;
    std::deque<Message> queue; // under Shared::mutex, as what follows
    bool running = false;      // a thread is in the handler, or about to be
    std::thread::id runner;    // which one
    bool scheduled = false;    // it stands in Shared::work
    std::uint64_t dropped = 0, blocked = 0;
    // What is out of the queue, so that a burst does not meet its publisher at the lock for each event. The
    // runner's while there is one; `left` says how many of its last are still to be delivered, because
    // whoever drops the oldest only lowers it.
    std::deque<Message> taken;
    std::atomic<std::size_t> left{0};
    std::atomic<bool> ended{false};
    std::atomic<std::uint64_t> delivered{0}, failed{0}, slow{0};
    std::optional<steady_clock::time_point> warned; // of a slow call; the runner's

    /// Events that wait, wherever they are; under the lock.
    [[nodiscard]] std::size_t held() const { return queue.size() + left; }
    /// Takes one of `taken`, to deliver or to drop it: how many there were with it, 0 for none.
    std::size_t claim() {
        std::size_t before = left;
        while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
        }
        return before;
    }
    /// Under the lock; false if the runner was faster and there is nothing left to drop.
    bool dropOldest() {
        if (claim() > 0)
            return true;
        if (queue.empty())
            return false;
        queue.pop_front();
        return true;
    }
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
    bool closed = false;               // stop() has begun: nothing is taken in any more
    std::atomic<bool> stopping{false}; // the threads end
    std::atomic<bool> hasWork{false};  // `work` is not empty
    std::uint64_t refused = 0;
    std::atomic<int> waiting{0}; // threads at `changed`

    /// True if a thread is to be told, best after the lock was given back.
    bool schedule(const std::shared_ptr<Subscriber>& subscriber) {
        if (subscriber->scheduled || subscriber->running || subscriber->held() == 0 || subscriber->ended)
            return false;
        subscriber->scheduled = true;
        work.push_back(subscriber);
        hasWork = true;
        return true;
    }

    /// Calls the handler with one event; without the lock.
    steady_clock::time_point call(Subscriber& subscriber, const Message& message,
                                  steady_clock::time_point began) {
        try {
            subscriber.handler(message);
            ++subscriber.delivered;
        } catch (...) {
            ++subscriber.failed;
            log.error("an event handler failed", {{"subscriber", subscriber.options.name},
                                                  {"event", message.key},
                                                  {"error", describeCurrentException()}});
        }
        const auto ended = clock.steady();
        if (ended - began > options.slowHandler &&
            (++subscriber.slow,
             !subscriber.warned || ended - *subscriber.warned >= std::chrono::minutes{1})) {
            subscriber.warned = ended;
            log.warn("an event handler is slow",
                     {{"subscriber", subscriber.options.name},
                      {"event", message.key},
                      {"took_ms", std::chrono::duration_cast<milliseconds>(ended - began).count()},
                      {"slow_calls", static_cast<std::int64_t>(subscriber.slow)}});
        }
        return ended;
    }

    /// The oldest event that is out of the queue, without the lock; nullopt if there is none any more.
    std::optional<Message> next(Subscriber& subscriber) {
        auto& taken = subscriber.taken;
        const std::size_t left = subscriber.claim();
        taken.erase(taken.begin(), taken.end() - static_cast<std::ptrdiff_t>(left)); // those were dropped
        if (left == 0)
            return std::nullopt;
        std::optional<Message> message(std::move(taken.front()));
        taken.pop_front();
        if (waiting > 0) { // there is a free place
            const std::lock_guard lock(mutex);
            changed.notify_all();
        }
        return message;
    }

    /// Delivers what waits, until somebody else has work. The lock is open meanwhile.
    void deliver(std::unique_lock<std::mutex>& lock, Subscriber& subscriber) {
        if (subscriber.left == 0) {
            subscriber.taken.clear();                // dropped
            subscriber.taken.swap(subscriber.queue); // more than that under the lock makes publishers wait
            subscriber.left = subscriber.taken.size();
        }
        subscriber.running = true;
        subscriber.runner = std::this_thread::get_id();
        lock.unlock();
        const auto goesOn = [&] { return !subscriber.ended && !stopping && !hasWork; };
        auto at = clock.steady();
        do {
            const auto message = next(subscriber);
            if (!message)
                break;
            at = call(subscriber, *message, at);
        } while (goesOn());
        lock.lock();
        if (subscriber.ended || stopping) {
            subscriber.taken.clear();
            subscriber.left = 0;
        }
        subscriber.running = false;
        subscriber.runner = {};
        if (waiting > 0)
            changed.notify_all();
    }

    void run() {
        std::unique_lock lock(mutex);
        for (;;) {
            ready.wait(lock, [&] { return stopping || !work.empty(); });
            if (work.empty())
                return;
            const auto subscriber = std::move(work.front());
            work.pop_front();
            hasWork = !work.empty();
            subscriber->scheduled = false;
            while (!subscriber->ended && subscriber->held() > 0) {
                deliver(lock, *subscriber);
                if (!work.empty())
                    break; // its turn comes again after the others'
            }
            schedule(subscriber); // this thread looks for work next
        }
    }

    /// Puts the event into the subscriber's queue; true if a thread is to be told.
    bool put(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Subscriber>& subscriber,
             Message message) {
        const auto& limits = subscriber->options;
        const auto full = [&] { return subscriber->held() >= limits.queueLimit; };
        // A handler that publishes to its own full queue would wait for itself.
        if (limits.overflow == Overflow::block && full() &&
            subscriber->runner != std::this_thread::get_id()) {
            ++subscriber->blocked;
            ++waiting;
            clock.waitUntil(lock, changed, {}, clock.steady() + limits.blockFor,
                            [&] { return !full() || subscriber->ended || closed; });
            --waiting;
        }
        if (subscriber->ended)
            return false;
        if (closed) {
            ++refused;
            return false;
        }
        const bool newest = limits.overflow == Overflow::dropNewest;
        if (full() && (newest || subscriber->dropOldest())) {
            // The first loss and then every thousandth: a flood must not flood the log.
            if (subscriber->dropped++ % 1000 == 0)
                log.warn(newest ? "an event queue is full; the new event is dropped"
                                : "an event queue is full; its oldest event is dropped",
                         {{"subscriber", limits.name}, {"event", message.key}});
            if (newest)
                return false;
        }
        subscriber->queue.push_back(std::move(message));
        return schedule(subscriber);
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
    std::size_t tell = 0;
    {
        std::unique_lock lock(shared_->mutex);
        if (shared_->closed) {
            ++shared_->refused;
            return;
        }
        const auto [begin, end] = shared_->subscribers.equal_range(message.key);
        if (begin == end)
            return;
        if (std::next(begin) == end) {
            const auto subscriber = begin->second; // put() may open the lock, and somebody unsubscribe
            tell = shared_->put(lock, subscriber, std::move(message)) ? 1 : 0;
        } else {
            std::vector<std::shared_ptr<Subscriber>> receivers;
            for (auto it = begin; it != end; ++it)
                receivers.push_back(it->second);
            for (const auto& subscriber : receivers)
                tell += shared_->put(lock, subscriber, message) ? 1 : 0;
        }
    }
    // A thread that is told under the lock wakes only to wait for it.
    for (; tell > 0; --tell)
        shared_->ready.notify_one();
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
        ++shared->waiting;
        shared->changed.wait(
            lock, [&] { return !subscriber->running || subscriber->runner == std::this_thread::get_id(); });
        --shared->waiting;
        subscriber->queue.clear();
        if (!subscriber->running) { // else its runner does that, which called this
            subscriber->taken.clear();
            subscriber->left = 0;
        }
    };
    return Subscription(std::shared_ptr<void>(static_cast<void*>(subscriber.get()), unsubscribe));
}

std::vector<SubscriberStats> QueuedBus::stats() const {
    const std::lock_guard lock(shared_->mutex);
    std::vector<SubscriberStats> all;
    for (const auto& [key, subscriber] : shared_->subscribers)
        all.push_back({subscriber->options.name, key, subscriber->delivered, subscriber->dropped,
                       subscriber->failed, subscriber->blocked, subscriber->slow, subscriber->held()});
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
                [](const auto& entry) { return entry.second->held() == 0 && !entry.second->running; });
        };
        ++shared_->waiting;
        shared_->clock.waitUntil(lock, shared_->changed, {}, shared_->clock.steady() + limit, drained);
        --shared_->waiting;
        shared_->stopping = true;
        std::int64_t lost = 0;
        for (const auto& [key, subscriber] : shared_->subscribers) {
            lost += static_cast<std::int64_t>(subscriber->held());
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
