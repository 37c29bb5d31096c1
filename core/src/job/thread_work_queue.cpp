#include "job/thread_work_queue.h"

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <pthread.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace core {

using std::chrono::steady_clock;

WorkQueue::~WorkQueue() = default;

struct ThreadWorkQueue::State {
    struct Waiting {
        Work work;
        steady_clock::time_point since;
    };
    struct Running {
        steady_clock::time_point due;   // its limit
        steady_clock::time_point hangs; // from here on it hangs
        std::stop_source stop;
        std::optional<Waiting> again; // submitted since it began
        bool late = false;
        bool hanging = false;
        bool replaced = false; // another thread does what this one should
    };
    struct Thread {
        std::thread thread;
        bool ended = false;
    };

    State(WorkQueueSpec given, Logger logger, const Clock& time)
        : spec(std::move(given)), log(std::move(logger)), clock(time) {}

    const WorkQueueSpec spec;
    const Logger log;
    const Clock& clock;

    mutable std::mutex mutex;
    std::condition_variable ready;       // for workers: there is something to do
    std::condition_variable_any watched; // for the watcher: the next limit may be another one
    std::condition_variable_any ended;   // for who stops: a thread has ended
    bool stopping = false;               // under mutex, as all below
    bool look = false;                   // the watcher has to look at the limits again
    steady_clock::time_point watchedUntil;
    std::deque<std::string> order; // keys in the order in which they run
    std::map<std::string, Waiting> waiting;
    std::map<std::string, Running> running;
    std::size_t waitingAgain = 0; // of `running`
    std::size_t replacements = 0; // threads beyond spec.workers
    std::list<Thread> threads;
    WorkQueueStats stats;

    // Both with the mutex held.
    void enqueue(Waiting entry);
    void wakeWatcher();
    /// Takes the threads that have ended out of the list, with the mutex held: they need it no more.
    void join();

    static void work(const std::shared_ptr<State>& self);
    static void watch(const std::shared_ptr<State>& self);
    /// With the mutex held.
    template <class Loop>
    static void begin(const std::shared_ptr<State>& self, Loop loop);
};

void ThreadWorkQueue::State::enqueue(Waiting entry) {
    order.push_back(entry.work.key);
    const auto& key = order.back();
    waiting.insert_or_assign(key, std::move(entry));
    ready.notify_one();
}

void ThreadWorkQueue::State::wakeWatcher() {
    look = true;
    watched.notify_all();
}

void ThreadWorkQueue::State::join() {
    for (auto one = threads.begin(); one != threads.end();)
        if (one->ended) {
            one->thread.join();
            one = threads.erase(one);
        } else {
            ++one;
        }
}

template <class Loop>
void ThreadWorkQueue::State::begin(const std::shared_ptr<State>& self, Loop loop) {
    self->threads.emplace_back();
    auto& slot = self->threads.back();
    try {
        slot.thread = std::thread([self, loop, &slot] {
            pthread_setname_np(pthread_self(), self->spec.name.substr(0, 15).c_str());
            loop(self);
            const std::lock_guard lock(self->mutex);
            slot.ended = true;
            self->ended.notify_all();
        });
    } catch (...) {
        self->threads.pop_back();
        throw;
    }
}

void ThreadWorkQueue::State::work(const std::shared_ptr<State>& self) {
    auto& state = *self;
    std::unique_lock lock(state.mutex);
    for (;;) {
        state.ready.wait(lock, [&] { return state.stopping || !state.order.empty(); });
        if (state.stopping)
            return;
        const std::string key = std::move(state.order.front());
        state.order.pop_front();
        auto entry = state.waiting.extract(key);
        auto run = std::move(entry.mapped().work.run);
        Running begun;
        begun.due = state.clock.steady() + entry.mapped().work.limit.value_or(state.spec.limit);
        begun.hangs = begun.due + state.spec.grace;
        const auto stop = begun.stop.get_token();
        if (begun.due < state.watchedUntil)
            state.wakeWatcher();
        state.running.emplace(key, std::move(begun));

        lock.unlock();
        std::string error;
        try {
            run(stop);
        } catch (...) {
            error = describeCurrentException();
            state.log.error("work failed; its queue goes on",
                            {{"queue", state.spec.name}, {"key", key}, {"error", error}});
        }
        run = nullptr; // what it holds is let go outside the lock
        lock.lock();

        auto over = std::move(state.running.extract(key).mapped());
        ++(error.empty() ? state.stats.done : state.stats.failed);
        if (over.again) {
            --state.waitingAgain;
            state.enqueue(std::move(*over.again));
        }
        if (over.replaced) {
            --state.replacements;
            state.wakeWatcher(); // another one that hangs may be replaced now
            return;
        }
    }
}

void ThreadWorkQueue::State::watch(const std::shared_ptr<State>& self) {
    constexpr auto kNothingDue = std::chrono::hours(24);
    auto& state = *self;
    std::unique_lock lock(state.mutex);
    while (!state.stopping) {
        const auto now = state.clock.steady();
        state.look = false;
        state.watchedUntil = now + kNothingDue;
        std::vector<std::stop_source> late;
        std::vector<std::string> hanging;
        std::string noThread;
        state.join();
        for (auto& [key, run] : state.running) {
            if (!run.late && now >= run.due) {
                run.late = true;
                ++state.stats.late;
                late.push_back(run.stop);
            }
            if (!run.hanging && now >= run.hangs) {
                run.hanging = true;
                hanging.push_back(key);
            }
            if (!run.hanging)
                state.watchedUntil = std::min(state.watchedUntil, run.late ? run.hangs : run.due);
            else if (!run.replaced && state.replacements < state.spec.workers)
                try {
                    begin(self, &State::work);
                    run.replaced = true;
                    ++state.replacements;
                } catch (...) {
                    noThread = describeCurrentException();
                }
        }
        if (!late.empty() || !hanging.empty() || !noThread.empty()) {
            // Outside the lock: what the work does at a stop may submit, and a log may take its time.
            lock.unlock();
            for (auto& source : late)
                source.request_stop();
            for (const auto& key : hanging)
                state.log.error("work has not returned after its limit and is not waited for",
                                {{"queue", state.spec.name}, {"key", key}});
            if (!noThread.empty())
                state.log.error("a worker that hangs could not be replaced",
                                {{"queue", state.spec.name}, {"error", noThread}});
            lock.lock();
        }
        state.clock.waitUntil(lock, state.watched, {}, state.watchedUntil,
                              [&] { return state.stopping || state.look; });
    }
}

ThreadWorkQueue::ThreadWorkQueue(WorkQueueSpec spec, Logger log, const Clock& clock)
    : state_(std::make_shared<State>(std::move(spec), std::move(log), clock)) {
    state_->stats.name = state_->spec.name;
    state_->stats.workers = state_->spec.workers;
    try {
        const std::lock_guard lock(state_->mutex);
        State::begin(state_, &State::watch);
        for (std::size_t i = 0; i < state_->spec.workers; ++i)
            State::begin(state_, &State::work);
    } catch (...) {
        static_cast<void>(stopBy(steady_clock::time_point::max()));
        throw;
    }
}

ThreadWorkQueue::~ThreadWorkQueue() {
    requestStop();
    for (auto& one : state_->threads)
        if (one.thread.joinable())
            one.thread.join();
}

Submitted ThreadWorkQueue::submit(Work work) {
    auto& state = *state_;
    std::optional<State::Waiting> displaced; // let go outside the lock
    const std::lock_guard lock(state.mutex);
    if (!state.stopping) {
        State::Waiting entry{std::move(work), state.clock.steady()};
        const auto under = state.running.find(entry.work.key);
        const auto before = state.waiting.find(entry.work.key);
        if (before != state.waiting.end()) {
            entry.since = before->second.since;
            displaced = std::exchange(before->second, std::move(entry));
            return Submitted::joined;
        }
        if (under != state.running.end() && under->second.again) {
            entry.since = under->second.again->since;
            displaced = std::exchange(*under->second.again, std::move(entry));
            return Submitted::joined;
        }
        if (state.waiting.size() + state.waitingAgain < state.spec.length) {
            if (under == state.running.end()) {
                state.enqueue(std::move(entry));
                return Submitted::queued;
            }
            under->second.again = std::move(entry);
            ++state.waitingAgain;
            return Submitted::again;
        }
        displaced = std::move(entry);
    }
    ++state.stats.refused;
    return Submitted::refused;
}

WorkQueueStats ThreadWorkQueue::stats() const {
    const auto& state = *state_;
    const std::lock_guard lock(state.mutex);
    auto stats = state.stats;
    stats.waiting = state.waiting.size() + state.waitingAgain;
    stats.running = state.running.size();
    const auto now = state.clock.steady();
    auto first = now;
    for (const auto& [key, entry] : state.waiting)
        first = std::min(first, entry.since);
    for (const auto& [key, run] : state.running) {
        if (run.again)
            first = std::min(first, run.again->since);
        if (run.hanging)
            stats.hanging.push_back(key);
    }
    stats.oldest = std::chrono::duration_cast<milliseconds>(now - first);
    return stats;
}

std::string ThreadWorkQueue::complaint() const {
    constexpr std::size_t kNamed = 5;
    auto hanging = stats().hanging;
    if (hanging.empty())
        return {};
    const auto all = hanging.size();
    hanging.resize(std::min(all, kNamed));
    return fmt::format("{} of its work did not return after its limit ({}{}); a restart ends it.", all,
                       fmt::join(hanging, ", "), all > kNamed ? ", …" : "");
}

void ThreadWorkQueue::requestStop() noexcept {
    std::vector<std::stop_source> sources;
    std::map<std::string, State::Waiting> dropped; // let go outside the lock
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        state_->order.clear();
        dropped.swap(state_->waiting);
        for (auto& [key, run] : state_->running) {
            sources.push_back(run.stop);
            if (run.again)
                dropped.emplace(key, *std::exchange(run.again, std::nullopt));
        }
        state_->waitingAgain = 0;
        state_->ready.notify_all();
        state_->watched.notify_all();
    }
    for (auto& source : sources)
        source.request_stop();
}

std::vector<std::string> ThreadWorkQueue::stopBy(steady_clock::time_point deadline) noexcept {
    requestStop();
    auto& state = *state_;
    std::unique_lock lock(state.mutex);
    state.clock.waitUntil(lock, state.ended, {}, deadline, [&] {
        return std::all_of(state.threads.begin(), state.threads.end(),
                           [](const auto& one) { return one.ended; });
    });
    state.join();
    std::vector<std::string> left;
    left.reserve(state.running.size());
    for (const auto& [key, run] : state.running)
        left.push_back(key);
    // The list stays: its entries are what the threads write their end into.
    for (auto& one : state.threads)
        one.thread.detach();
    return left;
}

} // namespace core
