#pragma once

#include <chrono>
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
    std::size_t busy = 0;                ///< of the threads
    std::size_t queued = 0;              ///< tasks that wait for one
    std::chrono::milliseconds oldest{0}; ///< how long the first of them has waited
};

/// A fixed number of threads and a queue that is bounded in time: where the oldest task has waited too long
/// for a thread, the next would only wait longer. Who submits bounds its length: a connection, and a
/// WebSocket's session, has one task at a time. Tasks must not throw.
class WorkerPool {
public:
    using Task = std::function<void()>;

    /// `maxWait`: of the oldest task.
    WorkerPool(std::string name, std::size_t threads, std::chrono::milliseconds maxWait);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// False where that is over, or if the pool has stopped; the task is not taken then.
    [[nodiscard]] bool submit(Task task);
    /// Runs what is queued and joins.
    void stop();
    [[nodiscard]] PoolStats stats() const;

private:
    void run();

    struct Queued {
        Task task;
        std::chrono::steady_clock::time_point since;
    };
    const std::string name_;
    const std::chrono::milliseconds maxWait_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Queued> tasks_;
    std::size_t busy_ = 0;
    bool stopping_ = false;
    std::vector<std::jthread> threads_;
};

} // namespace core::http
