#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace core::http {

struct PoolStats {
    std::string name;
    std::size_t threads = 0;
    std::size_t busy = 0;   ///< of the threads
    std::size_t queued = 0; ///< tasks that wait for one
};

/// A fixed number of threads and a bounded queue. Tasks must not throw.
class WorkerPool {
public:
    using Task = std::function<void()>;

    WorkerPool(std::string name, std::size_t threads, std::size_t maxQueued);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// False if the queue is full or the pool has stopped; the task is not taken then.
    [[nodiscard]] bool submit(Task task);
    /// Runs what is queued and joins.
    void stop();
    [[nodiscard]] PoolStats stats() const;

private:
    void run();

    const std::string name_;
    std::size_t maxQueued_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Task> tasks_;
    std::size_t busy_ = 0;
    bool stopping_ = false;
    std::vector<std::jthread> threads_;
};

} // namespace core::http
