#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "core/jobs.h"
#include "core/log.h"

namespace core {

/// Jobs with a thread each: they are few and mostly wait.
class ThreadJobs final : public Jobs {
public:
    explicit ThreadJobs(Logger log);
    ~ThreadJobs() override;

    void every(std::string name, std::chrono::milliseconds interval,
               std::function<void(std::stop_token)> work) override;
    void wake(const std::string& name) override;
    void stop() noexcept override;

private:
    struct Job {
        std::mutex mutex;
        std::condition_variable_any changed;
        bool due = true;
        std::jthread thread;
    };
    Logger log_;
    std::mutex mutex_;
    bool stopped_ = false;
    std::map<std::string, std::unique_ptr<Job>> jobs_;
};

} // namespace core
