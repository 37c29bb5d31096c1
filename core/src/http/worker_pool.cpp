#include "http/worker_pool.h"

#include <pthread.h>

namespace core::http {

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::chrono::milliseconds maxWait)
    : name_(std::move(name)), maxWait_(maxWait) {
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([this] {
            pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
            run();
        });
}

WorkerPool::~WorkerPool() {
    stop();
}

bool WorkerPool::submit(Task task) {
    const auto now = std::chrono::steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || (!tasks_.empty() && now - tasks_.front().since > maxWait_))
            return false;
        tasks_.push_back({std::move(task), now});
    }
    ready_.notify_one();
    return true;
}

void WorkerPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_)
        if (thread.joinable())
            thread.join();
}

PoolStats WorkerPool::stats() const {
    const std::lock_guard lock(mutex_);
    PoolStats stats{name_, threads_.size(), busy_, tasks_.size()};
    if (!tasks_.empty())
        stats.oldest = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - tasks_.front().since);
    return stats;
}

void WorkerPool::run() {
    for (bool worked = false;; worked = true) {
        Task task;
        {
            std::unique_lock lock(mutex_);
            if (worked)
                --busy_;
            ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
            if (tasks_.empty())
                return;
            task = std::move(tasks_.front().task);
            tasks_.pop_front();
            ++busy_;
        }
        task();
    }
}

} // namespace core::http
