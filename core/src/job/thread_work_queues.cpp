#include "job/thread_work_queues.h"

#include <fmt/format.h>

#include "core/error.h"

namespace core {

WorkQueues::~WorkQueues() = default;

void WorkQueues::check(const WorkQueueSpec& spec) {
    const auto within = [](std::size_t number, std::size_t most) { return number >= 1 && number <= most; };
    if (!within(spec.workers, WorkQueueSpec::kMostWorkers) || !within(spec.length, WorkQueueSpec::kLongest) ||
        spec.limit <= milliseconds{0} || spec.grace < milliseconds{0})
        throw Error(errors::kValidation,
                    fmt::format("The work queue {} needs 1 to {} workers, a length of 1 to {} and a limit.",
                                spec.name, WorkQueueSpec::kMostWorkers, WorkQueueSpec::kLongest));
}

ThreadWorkQueues::ThreadWorkQueues(Logger log, const Clock& clock) : log_(std::move(log)), clock_(clock) {}

WorkQueue& ThreadWorkQueues::add(WorkQueueSpec spec) {
    check(spec);
    const std::string name = spec.name;
    const std::lock_guard lock(mutex_);
    if (queues_.contains(name))
        throw Error(errors::kConflict, "The work queue " + name + " exists already.");
    auto queue = std::make_unique<ThreadWorkQueue>(std::move(spec), log_, clock_);
    if (stopped_)
        queue->requestStop();
    return *queues_.emplace(name, std::move(queue)).first->second;
}

std::vector<WorkQueueStats> ThreadWorkQueues::stats() const {
    const std::lock_guard lock(mutex_);
    std::vector<WorkQueueStats> all;
    for (const auto& [name, queue] : queues_)
        all.push_back(queue->stats());
    return all;
}

std::vector<std::pair<std::string, std::string>> ThreadWorkQueues::complaints() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [name, queue] : queues_)
        all.emplace_back(name, queue->complaint());
    return all;
}

void ThreadWorkQueues::requestStop() noexcept {
    std::vector<ThreadWorkQueue*> queues;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (auto& [name, queue] : queues_)
            queues.push_back(queue.get());
    }
    // Outside the lock: what the work does at a stop may take it.
    for (auto* queue : queues)
        queue->requestStop();
}

std::vector<std::string> ThreadWorkQueues::stopBy(std::chrono::steady_clock::time_point deadline) noexcept {
    requestStop();
    std::vector<std::pair<std::string, ThreadWorkQueue*>> queues;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [name, queue] : queues_)
            queues.emplace_back(name, queue.get());
    }
    std::vector<std::string> left;
    for (auto& [name, queue] : queues)
        for (const auto& key : queue->stopBy(deadline))
            left.push_back(fmt::format("{}: {}", name, key));
    return left;
}

} // namespace core
