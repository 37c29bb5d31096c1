#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/work_queue.h"

namespace core {

/// A queue with a fixed number of threads, and one more that looks after their limits. The threads share the
/// state, so that work which never returns can be left behind.
class CORE_EXPORT ThreadWorkQueue final : public WorkQueue {
public:
    /// `clock` must outlive this, and the process if work is left behind.
    ThreadWorkQueue(WorkQueueSpec spec, Logger log, const Clock& clock);
    /// Stops and waits for all work to return.
    ~ThreadWorkQueue() override;
    ThreadWorkQueue(const ThreadWorkQueue&) = delete;
    ThreadWorkQueue& operator=(const ThreadWorkQueue&) = delete;

    [[nodiscard]] Submitted submit(Work work) override;
    [[nodiscard]] WorkQueueStats stats() const override;
    /// What is wrong with it, for people; "" if nothing is.
    [[nodiscard]] std::string complaint() const;
    /// Nothing new begins from here on, what runs is asked to stop, and nothing is waited for.
    void requestStop() noexcept;
    /// Requests stop and waits until then. Returns the keys of what has not returned: its threads are left
    /// behind, and all that it uses must stay as long as the process.
    [[nodiscard]] std::vector<std::string> stopBy(std::chrono::steady_clock::time_point deadline) noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace core
