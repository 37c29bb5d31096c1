#include "event/deliveries.h"

#include <algorithm>

#include "core/error.h"

namespace core::event {

namespace {
constexpr std::size_t kPruneAfter = 1000;
constexpr std::chrono::minutes kPruneInterval{1};
} // namespace

Deliveries::Deliveries(Outbox& outbox, Wakeups& wakeups, const Clock& clock, Logger log, Leases* leases,
                       DeliveryOptions options)
    : outbox_(outbox), wakeups_(wakeups), clock_(clock), log_(log), options_(options),
      jobs_(std::move(log), clock, leases, "core.outbox") {}

Deliveries::~Deliveries() {
    stop();
}

void Deliveries::add(std::string name, std::string event, Handler handler) {
    subscriptions_.push_back(
        std::make_unique<Subscription>(Subscription{std::move(name), std::move(event), std::move(handler)}));
}

void Deliveries::open() {
    for (const auto& subscription : subscriptions_)
        outbox_.open(subscription->name, subscription->event);
}

void Deliveries::start() {
    // First, so that no hint is missed between the first look and this.
    if (!subscriptions_.empty())
        woken_ =
            wakeups_.subscribe(std::string(Outbox::kTopic), [this](std::optional<std::string_view> event) {
                // A host that does not have the subscription looks now and then whether it can: a hint is not
                // worth asking the database.
                for (const auto& job : jobs_.stats())
                    if (job.holder && (!event || *event == eventOf(job.name)))
                        jobs_.wake(job.name);
            });
    for (const auto& subscription : subscriptions_) {
        subscription->touched = subscription->pruned = clock_.steady();
        jobs_.everyOnOneHost(subscription->name, options_.sweep,
                             [this, one = subscription.get()](JobRun& job) { run(*one, job); });
    }
}

const std::string& Deliveries::eventOf(const std::string& name) const {
    const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                    [&](const auto& subscription) { return subscription->name == name; });
    return (*found)->event;
}

void Deliveries::stop() noexcept {
    woken_ = {};
    jobs_.stop();
}

std::vector<std::string> Deliveries::stopBy(std::chrono::steady_clock::time_point deadline) noexcept {
    woken_ = {};
    return jobs_.stopBy(deadline);
}

void Deliveries::run(Subscription& subscription, JobRun& job) {
    // Said to be wanted several times before it would be forgotten.
    if (const auto now = clock_.steady(); now - subscription.touched >= outbox_.keep() / 6) {
        outbox_.open(subscription.name, subscription.event);
        subscription.touched = now;
    }
    for (;;) {
        auto due = outbox_.due(subscription.name, subscription.event, options_.batch);
        for (const auto& event : due.events) {
            if (job.stop().stop_requested() || !deliver(subscription, event, due.tries, job))
                return;
            due.tries = 0;
            ++subscription.sincePrune;
        }
        const auto now = clock_.steady();
        if (subscription.sincePrune >= kPruneAfter ||
            (subscription.sincePrune > 0 && now - subscription.pruned >= kPruneInterval)) {
            outbox_.prune(subscription.event);
            subscription.sincePrune = 0;
            subscription.pruned = now;
        }
        if (due.events.empty())
            return;
    }
}

bool Deliveries::deliver(Subscription& subscription, const Outbox::Event& event, int tries, JobRun& job) {
    const auto& name = subscription.name;
    const Outbox::Fence fence = [&job](db::Transaction& tx) { job.fence(tx); };
    std::string error = "the host ended during the last try";
    for (int attempt = tries + 1; attempt <= options_.tries; ++attempt) {
        // Counted before it begins where it might be the end of this process: else an event that kills its
        // host would kill every host for ever. After a first good delivery that costs nothing more; should a
        // later event do it, it is the first one after the restart.
        if (!subscription.proven || attempt > 1)
            outbox_.begin(name, attempt, fence);
        try {
            auto fields = std::make_shared<const json::Value>(json::parse(event.fields).value());
            subscription.handler({subscription.event, nullptr, std::move(fields), false, true},
                                 {event.id, attempt, event.publishedAt});
            error.clear();
        } catch (...) {
            error = describeCurrentException();
        }
        if (error.empty()) {
            outbox_.done(name, event, fence);
            subscription.proven = true;
            return true;
        }
        outbox_.count(name, Outbox::Outcome::failed);
        log_.warn("a durable event handler failed", {{"subscription", name},
                                                     {"event", subscription.event},
                                                     {"id", event.id},
                                                     {"attempt", attempt},
                                                     {"error", error}});
        if (attempt < options_.tries && !pause(attempt, job.stop()))
            return false;
    }
    outbox_.bury(name, subscription.event, event, options_.tries, error, fence);
    return true;
}

bool Deliveries::pause(int attempt, const std::stop_token& stop) {
    auto length = options_.firstPause;
    for (int i = 1; i < attempt && length < options_.longestPause; ++i)
        length *= 2;
    std::unique_lock lock(mutex_);
    clock_.waitUntil(lock, changed_, stop, clock_.steady() + std::min(length, options_.longestPause),
                     [] { return false; });
    return !stop.stop_requested();
}

} // namespace core::event
