#include "wakeup/host_wakeups.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/error.h"
#include "core/json.h"

namespace core {

Wakeups::~Wakeups() = default;

namespace {
constexpr std::size_t kMaxKey = 7000;
constexpr std::size_t kMaxPayload = 7900; // PostgreSQL takes less than 8000
constexpr std::size_t kMaxWaiting = 10000;
} // namespace

struct HostWakeups::Subscriber {
    std::string topic;
    Handler handler;
    int calls = 0; // under Shared::mutex, as all below
    std::vector<std::thread::id> callers;
    bool ended = false;
};

struct HostWakeups::Shared {
    explicit Shared(Logger logger) : log(std::move(logger)) {}
    const Logger log;
    std::mutex mutex;
    std::condition_variable idle;
    std::vector<std::shared_ptr<Subscriber>> subscribers;

    /// `topic` nullptr: everything of every topic.
    void deliver(const std::string_view* topic, std::optional<std::string_view> key) {
        std::vector<std::shared_ptr<Subscriber>> receivers;
        {
            const std::lock_guard lock(mutex);
            for (const auto& subscriber : subscribers)
                if (topic == nullptr || subscriber->topic == *topic)
                    receivers.push_back(subscriber);
        }
        for (const auto& subscriber : receivers) {
            {
                const std::lock_guard lock(mutex);
                if (subscriber->ended)
                    continue;
                ++subscriber->calls;
                subscriber->callers.push_back(std::this_thread::get_id());
            }
            try {
                subscriber->handler(key);
            } catch (...) {
                log.error("a wake-up failed",
                          {{"topic", subscriber->topic}, {"error", describeCurrentException()}});
            }
            const std::lock_guard lock(mutex);
            --subscriber->calls;
            const auto self =
                std::find(subscriber->callers.begin(), subscriber->callers.end(), std::this_thread::get_id());
            subscriber->callers.erase(self);
            idle.notify_all();
        }
    }
};

HostWakeups::HostWakeups(db::Database& database, Logger log, std::string sender)
    : log_(log), sender_(std::move(sender)), shared_(std::make_shared<Shared>(std::move(log))) {
    if (auto* target = dynamic_cast<db::NotifyTarget*>(&database)) {
        link_ = target->makeNotifyLink();
        bell_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (bell_ < 0)
            throw Error(errors::kInternal, "No descriptor is free for the wake-ups.");
    }
}

HostWakeups::~HostWakeups() {
    if (thread_.joinable()) {
        thread_.request_stop();
        ring();
        thread_.join();
    }
    if (bell_ >= 0)
        ::close(bell_);
}

WakeupSubscription HostWakeups::subscribe(std::string topic, Handler handler) {
    auto subscriber = std::make_shared<Subscriber>();
    subscriber->topic = std::move(topic);
    subscriber->handler = std::move(handler);
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->subscribers.push_back(subscriber);
    }
    const auto unsubscribe = [shared = shared_, subscriber](void*) {
        std::unique_lock lock(shared->mutex);
        subscriber->ended = true;
        std::erase(shared->subscribers, subscriber);
        const auto mine =
            std::count(subscriber->callers.begin(), subscriber->callers.end(), std::this_thread::get_id());
        shared->idle.wait(lock, [&] { return subscriber->calls == mine; });
    };
    return WakeupSubscription(std::shared_ptr<void>(static_cast<void*>(subscriber.get()), unsubscribe));
}

void HostWakeups::publish(std::string_view topic, std::string_view key) {
    shared_->deliver(&topic, key);
    if (!link_)
        return;
    {
        const std::lock_guard lock(mutex_);
        Hint hint{std::string(topic), key.size() <= kMaxKey ? std::optional(std::string(key)) : std::nullopt};
        // Too much to be told one by one: "anything of the topic" says it shorter.
        if (outgoing_.size() >= kMaxWaiting) {
            std::erase_if(outgoing_, [&](const Hint& other) { return other.first == topic; });
            hint.second = std::nullopt;
        }
        outgoing_.insert(std::move(hint));
        ensureThread();
    }
    ring();
}

void HostWakeups::listen() {
    if (!link_)
        return;
    {
        const std::lock_guard lock(mutex_);
        listening_ = true;
        ensureThread();
    }
    ring();
}

bool HostWakeups::hears() const {
    const std::lock_guard lock(mutex_);
    return hears_;
}

void HostWakeups::ensureThread() {
    if (!thread_.joinable())
        thread_ = std::jthread([this](const std::stop_token& stop) {
            pthread_setname_np(pthread_self(), "wakeups");
            run(stop);
        });
}

void HostWakeups::ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(bell_, &one, sizeof one);
}

std::vector<std::string> HostWakeups::gather() {
    std::set<Hint> hints;
    {
        const std::lock_guard lock(mutex_);
        hints.swap(outgoing_);
    }
    std::vector<std::string> payloads;
    std::string hintList;
    const auto finish = [&] {
        if (!hintList.empty())
            payloads.push_back(R"({"from":)" + json::write(json::Value(sender_)) + R"(,"hints":[)" +
                               hintList + "]}");
        hintList.clear();
    };
    for (const auto& [topic, key] : hints) {
        auto text = json::write(json::Array{topic, key ? json::Value(*key) : json::Value()});
        if (text.size() + sender_.size() + 40 > kMaxPayload) // escapes made it long
            text = json::write(json::Array{topic, json::Value()});
        if (hintList.size() + text.size() + sender_.size() + 40 > kMaxPayload)
            finish();
        hintList += (hintList.empty() ? "" : ",") + text;
    }
    finish();
    return payloads;
}

void HostWakeups::receive(const std::string& payload) {
    const auto document = json::parse(payload);
    const auto* hints = document ? document.value().find("hints") : nullptr;
    if (hints == nullptr || hints->array() == nullptr) {
        log_.warn("a message of another host cannot be read");
        return;
    }
    if (document.value().stringOr("from") == sender_)
        return;
    for (const auto& hint : *hints->array()) {
        const auto* pair = hint.array();
        if (pair == nullptr || pair->size() != 2 || (*pair)[0].string() == nullptr)
            continue;
        const std::string_view topic = *(*pair)[0].string();
        const auto* key = (*pair)[1].string();
        shared_->deliver(&topic, key != nullptr ? std::optional<std::string_view>(*key) : std::nullopt);
    }
}

void HostWakeups::run(const std::stop_token& stop) {
    using namespace std::chrono_literals;
    constexpr auto kLongestPause = 5s;
    std::chrono::milliseconds pause{0};
    std::chrono::steady_clock::time_point nextTry{};
    std::vector<std::string> unsent;
    bool heard = false;
    for (;;) {
        const bool stopping = stop.stop_requested();
        bool listening = false;
        bool waiting = false;
        {
            const std::lock_guard lock(mutex_);
            listening = listening_;
            waiting = !outgoing_.empty() || !unsent.empty();
        }
        try {
            if (link_->isOpen() && listening && !heard)
                link_->close(); // so far it only spoke
            if (!link_->isOpen() && (waiting || (listening && !stopping)) &&
                std::chrono::steady_clock::now() >= nextTry) {
                link_->open(listening);
                heard = listening;
                pause = 0ms;
                {
                    const std::lock_guard lock(mutex_);
                    hears_ = heard;
                }
                if (heard) // whatever was said before was not heard
                    shared_->deliver(nullptr, std::nullopt);
            }
            if (link_->isOpen()) {
                for (const auto& payload : link_->take())
                    receive(payload);
                if (unsent.empty())
                    unsent = gather();
                while (!unsent.empty()) {
                    link_->notify(unsent.front());
                    unsent.erase(unsent.begin());
                }
                // Notifications that came in with the answers make no descriptor readable.
                for (const auto& payload : link_->take())
                    receive(payload);
            }
        } catch (const std::exception& error) {
            link_->close();
            heard = false;
            {
                const std::lock_guard lock(mutex_);
                hears_ = false;
            }
            pause = std::clamp<std::chrono::milliseconds>(pause * 2, 100ms, kLongestPause);
            nextTry = std::chrono::steady_clock::now() + pause;
            log_.warn("other hosts cannot be reached through the database; trying again",
                      {{"error", error.what()}, {"pause_ms", std::int64_t{pause.count()}}});
        }
        if (stopping)
            return; // one try was made to send the rest
        pollfd entries[2] = {{bell_, POLLIN, 0}, {link_->descriptor(), POLLIN, 0}};
        const bool open = link_->isOpen();
        ::poll(entries, open ? 2 : 1, open || pause == 0ms ? -1 : static_cast<int>(pause.count()));
        std::uint64_t rung = 0;
        [[maybe_unused]] const auto read = ::read(bell_, &rung, sizeof rung);
    }
}

} // namespace core
