// What publishing an event to one subscriber costs the publisher, beside the least that such a thing can be:
// a mutex, a deque and a notified thread. Prints one JSON object; bench.mjs judges it.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include <unistd.h>

#include <fmt/format.h>

#include "core/log.h"
#include "event/queued_bus.h"

namespace {

using std::chrono::steady_clock;

struct Rang {
    static constexpr std::string_view kKey = "bench.bell.rang";
    std::int64_t times = 0;
    std::string where;
};
const core::wire::Type& wireType(const Rang*) {
    static const auto type = core::wire::object<Rang>("Rang", core::wire::tolerant, "The bell rang")
                                 .field("times", &Rang::times)
                                 .field("where", &Rang::where)
                                 .build();
    return type;
}

/// The yardstick.
class Bare {
public:
    Bare()
        : thread_([this](const std::stop_token& stop) {
              std::unique_lock lock(mutex_);
              for (;;) {
                  if (!ready_.wait(lock, stop, [&] { return !queue_.empty(); }))
                      return;
                  const Rang event = std::move(queue_.front());
                  queue_.pop_front();
                  lock.unlock();
                  handled += event.times;
                  lock.lock();
              }
          }) {}
    void publish(Rang event) {
        {
            const std::lock_guard lock(mutex_);
            queue_.push_back(std::move(event));
        }
        ready_.notify_one();
    }
    std::atomic<std::int64_t> handled{0};

private:
    std::mutex mutex_;
    std::condition_variable_any ready_;
    std::deque<Rang> queue_;
    std::jthread thread_;
};

class Ours {
public:
    Ours() {
        core::event::SubscriberOptions options;
        options.name = "bench";
        options.queueLimit = 100000;
        subscription_ = bus_.subscribe<Rang>(options, [this](const Rang& event) { handled += event.times; });
    }
    void publish(Rang event) { bus_.publish(std::move(event)); }
    [[nodiscard]] std::uint64_t lost() const { return bus_.stats().at(0).dropped; }
    std::atomic<std::int64_t> handled{0};

private:
    core::LogHub hub_{core::LogFormat::text, core::LogLevel::error, core::makeFdSink(STDERR_FILENO)};
    core::SystemClock clock_;
    core::event::QueuedBus bus_{core::Logger(hub_, "events"), clock_};
    core::event::Subscription subscription_;
};

/// Nanoseconds that one publish takes, in bursts of `burst` after each of which all are handled.
template <typename Bus>
double measure(Bus& bus, int bursts, int burst) {
    steady_clock::duration publishing{};
    for (int i = 0; i < bursts; ++i) {
        const auto before = bus.handled.load();
        const auto began = steady_clock::now();
        for (int j = 0; j < burst; ++j)
            bus.publish({1, "tower"});
        publishing += steady_clock::now() - began;
        while (bus.handled.load() < before + burst)
            std::this_thread::yield();
    }
    return std::chrono::duration<double, std::nano>(publishing).count() / bursts / burst;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

std::int64_t residentKiB() {
    std::ifstream file("/proc/self/statm");
    std::int64_t total = 0, resident = 0;
    file >> total >> resident;
    return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

} // namespace

int main() {
    Bare bare;
    Ours ours;
    struct Case {
        const char* name;
        int bursts;
        int burst;
    };
    std::string out;
    for (const auto& [name, bursts, burst] : {Case{"idle", 2000, 1}, Case{"burst", 50, 1000}}) {
        measure(bare, bursts, burst);
        measure(ours, bursts, burst);
        std::vector<double> ratios, mine, theirs;
        for (int i = 0; i < 15; ++i) {
            theirs.push_back(measure(bare, bursts, burst));
            mine.push_back(measure(ours, bursts, burst));
            ratios.push_back(mine.back() / theirs.back());
        }
        out += fmt::format(R"("{}":{{"ratio":{:.3f},"ours_ns":{:.0f},"bare_ns":{:.0f}}},)", name,
                           median(ratios), median(mine), median(theirs));
    }
    const auto before = residentKiB();
    measure(ours, 1000, 1000);
    std::cout << fmt::format(R"({{{}"million_growth_kib":{},"lost":{}}})", out, residentKiB() - before,
                             ours.lost())
              << std::endl;
}
