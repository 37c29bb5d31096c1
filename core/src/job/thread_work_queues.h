#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/log.h"
#include "core/work_queue.h"
#include "job/thread_work_queue.h"

namespace core {

/// The queues of one module.
class CORE_EXPORT ThreadWorkQueues final : public WorkQueues {
public:
    /// `clock` must outlive this, and the process if work is left behind.
    ThreadWorkQueues(Logger log, const Clock& clock);

    WorkQueue& add(WorkQueueSpec spec) override;
    [[nodiscard]] std::vector<WorkQueueStats> stats() const override;
    /// Name of each queue and what is wrong with it, "" for nothing.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> complaints() const;
    /// Nothing new begins in any of them, and nothing is waited for; stopBy() follows.
    void requestStop() noexcept;
    /// Requests stop and waits until then. Returns what has not returned, as "queue: key"; see
    /// ThreadWorkQueue::stopBy().
    [[nodiscard]] std::vector<std::string> stopBy(std::chrono::steady_clock::time_point deadline) noexcept;

private:
    const Logger log_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    bool stopped_ = false;
    std::map<std::string, std::unique_ptr<ThreadWorkQueue>> queues_; // never fewer
};

} // namespace core
