#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/event/bus.h"
#include "core/export.h"
#include "core/log.h"
#include "core/wakeups.h"
#include "event/outbox.h"
#include "job/thread_jobs.h"
#include "lease/leases.h"

namespace core::event {

struct DeliveryOptions {
    int tries = 10;
    milliseconds firstPause{1000}; ///< after the first failure; doubled with each
    milliseconds longestPause{60000};
    milliseconds sweep{10000}; ///< how often is looked without a hint
    std::size_t batch = 100;   ///< events that are read at once
};

/// The durable subscriptions of one module. Each is a job of one host (lease `job/core.outbox/NAME`): it has
/// a thread, and one that waits, fails or hangs does not hold up another; a host that has not loaded the
/// module leaves it to one that has. Not thread-safe; the handlers are called on the jobs' threads.
class CORE_EXPORT Deliveries {
public:
    using Handler = std::function<void(const Bus::Message&, const Delivery&)>;

    /// `leases` may be null: then this host is the only one. References must outlive it.
    Deliveries(Outbox& outbox, Wakeups& wakeups, const Clock& clock, Logger log, Leases* leases,
               DeliveryOptions options = {});
    ~Deliveries();
    Deliveries(const Deliveries&) = delete;
    Deliveries& operator=(const Deliveries&) = delete;

    void add(std::string name, std::string event, Handler handler);
    /// From now on the subscriptions get what is published.
    void open();
    /// Begins to deliver.
    void start();
    /// Ends it: waits for calls that are under way. What is left is delivered after the next start.
    void stop() noexcept;
    /// Requests the end and waits for nothing; stop() or stopBy() follows.
    void requestStop() noexcept { jobs_.requestStop(); }
    /// The same until then. Returns the names of subscriptions whose handler has not returned: their threads
    /// are left behind, and all that they use must stay as long as the process.
    [[nodiscard]] std::vector<std::string> stopBy(std::chrono::steady_clock::time_point deadline) noexcept;

private:
    struct Subscription {
        std::string name;
        std::string event;
        Handler handler;
        bool proven = false; ///< this process has delivered something since it took the subscription
        std::size_t sincePrune = 0;
        std::chrono::steady_clock::time_point pruned{};
        std::chrono::steady_clock::time_point touched{};
    };
    void run(Subscription& subscription, JobRun& job);
    /// False if it was stopped before the event was delivered or set aside.
    bool deliver(Subscription& subscription, const Outbox::Event& event, int tries, JobRun& job);
    [[nodiscard]] const std::string& eventOf(const std::string& name) const;
    bool pause(int attempt, const std::stop_token& stop);

    Outbox& outbox_;
    Wakeups& wakeups_;
    const Clock& clock_;
    const Logger log_;
    const DeliveryOptions options_;
    std::vector<std::unique_ptr<Subscription>> subscriptions_;
    std::mutex mutex_; // for the pauses
    std::condition_variable_any changed_;
    ThreadJobs jobs_;
    WakeupSubscription woken_; // last: it uses the jobs
};

} // namespace core::event
