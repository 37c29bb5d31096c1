#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/work_queue.h"

namespace core::testkit {

/// Queues whose work runs when a test says so, on its thread, one piece at a time. What runs has no limit.
/// One thread at a time.
class FakeWorkQueues final : public WorkQueues {
public:
    explicit FakeWorkQueues(const Clock& clock) : clock_(clock) {}

    WorkQueue& add(WorkQueueSpec spec) override {
        check(spec);
        const std::string name = spec.name;
        const auto [place, fresh] = queues_.try_emplace(name, std::move(spec), clock_);
        if (!fresh)
            throw Error(errors::kConflict, "The work queue " + name + " exists already.");
        if (stopped_)
            place->second.stop();
        return place->second;
    }
    [[nodiscard]] std::vector<WorkQueueStats> stats() const override {
        std::vector<WorkQueueStats> all;
        for (const auto& [name, queue] : queues_)
            all.push_back(queue.stats());
        return all;
    }
    /// As when the module stops: what waits is dropped, what runs is asked to stop, and nothing more is
    /// taken.
    void stop() noexcept {
        stopped_ = true;
        for (auto& [name, queue] : queues_)
            queue.stop();
    }

    /// Runs the first piece that waits; false if there is none. Its exceptions are counted and reach the
    /// test. Throws std::logic_error for an unknown queue.
    bool runOne(const std::string& queue) { return at(queue).runOne(); }
    /// Runs what waits, and what that submits, until nothing does. Returns how many pieces ran.
    int runAll(const std::string& queue) {
        int count = 0;
        while (at(queue).runOne())
            ++count;
        return count;
    }
    /// As if the limit of the piece under way were reached: for work that calls this itself.
    void reachLimit(const std::string& queue) { at(queue).reachLimit(); }
    /// The keys that wait, in the order in which they would run.
    [[nodiscard]] std::vector<std::string> waiting(const std::string& queue) { return at(queue).keys(); }
    [[nodiscard]] const WorkQueueSpec& spec(const std::string& queue) { return at(queue).spec(); }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [name, queue] : queues_)
            all.push_back(name);
        return all;
    }

private:
    class Queue final : public WorkQueue {
    public:
        Queue(WorkQueueSpec spec, const Clock& clock) : spec_(std::move(spec)), clock_(clock) {
            stats_.name = spec_.name;
            stats_.workers = spec_.workers;
        }
        [[nodiscard]] Submitted submit(Work work) override {
            const auto same = std::find_if(waiting_.begin(), waiting_.end(),
                                           [&](const auto& one) { return one.first.key == work.key; });
            if (!stopped_ && same != waiting_.end()) {
                same->first = std::move(work);
                return Submitted::joined;
            }
            if (stopped_ || waiting_.size() >= spec_.length) {
                ++stats_.refused;
                return Submitted::refused;
            }
            const bool runs = running_ && running_->first == work.key;
            waiting_.emplace_back(std::move(work), clock_.steady());
            return runs ? Submitted::again : Submitted::queued;
        }
        [[nodiscard]] WorkQueueStats stats() const override {
            auto stats = stats_;
            stats.waiting = waiting_.size();
            stats.running = running_ ? 1 : 0;
            if (!waiting_.empty())
                stats.oldest =
                    std::chrono::duration_cast<milliseconds>(clock_.steady() - waiting_.front().second);
            return stats;
        }
        bool runOne() {
            if (running_)
                throw std::logic_error("A piece of work runs already, on this thread.");
            if (waiting_.empty())
                return false;
            const auto work = std::move(waiting_.front().first);
            waiting_.pop_front();
            running_.emplace(work.key, std::stop_source());
            const auto stop = running_->second.get_token();
            try {
                work.run(stop);
            } catch (...) {
                running_.reset();
                ++stats_.failed;
                throw;
            }
            running_.reset();
            ++stats_.done;
            return true;
        }
        void reachLimit() {
            if (!running_)
                throw std::logic_error("No piece of work runs.");
            ++stats_.late;
            running_->second.request_stop();
        }
        void stop() noexcept {
            stopped_ = true;
            waiting_.clear();
            if (running_)
                running_->second.request_stop();
        }
        [[nodiscard]] std::vector<std::string> keys() const {
            std::vector<std::string> all;
            for (const auto& [work, since] : waiting_)
                all.push_back(work.key);
            return all;
        }
        [[nodiscard]] const WorkQueueSpec& spec() const noexcept { return spec_; }

    private:
        WorkQueueSpec spec_;
        const Clock& clock_;
        std::deque<std::pair<Work, std::chrono::steady_clock::time_point>> waiting_;
        std::optional<std::pair<std::string, std::stop_source>> running_;
        bool stopped_ = false;
        WorkQueueStats stats_;
    };
    [[nodiscard]] Queue& at(const std::string& name) {
        const auto found = queues_.find(name);
        if (found == queues_.end())
            throw std::logic_error("There is no work queue " + name + ".");
        return found->second;
    }
    const Clock& clock_;
    std::map<std::string, Queue> queues_;
    bool stopped_ = false;
};

} // namespace core::testkit
