#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/jobs.h"

namespace core::testkit {

/// Jobs that run when a test says so, on its thread. One thread at a time.
class FakeJobs final : public Jobs {
public:
    void every(std::string name, std::chrono::milliseconds interval,
               std::function<void(std::stop_token)> work) override {
        if (!jobs_.emplace(name, Job{interval, std::move(work)}).second)
            throw std::logic_error("The job " + name + " exists already.");
    }
    /// Only counts; see woken().
    void wake(const std::string& name) override { ++woken_[name]; }
    void stop() noexcept override {
        jobs_.clear();
        stopped_ = true;
    }

    /// Runs the job once; its exceptions reach the test. Throws std::logic_error for an unknown name.
    void run(const std::string& name) { at(name).work(std::stop_token()); }
    [[nodiscard]] std::chrono::milliseconds interval(const std::string& name) const {
        return at(name).interval;
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [name, job] : jobs_)
            all.push_back(name);
        return all;
    }
    /// How often wake() was called for it.
    [[nodiscard]] int woken(const std::string& name) const {
        const auto found = woken_.find(name);
        return found == woken_.end() ? 0 : found->second;
    }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

private:
    struct Job {
        std::chrono::milliseconds interval;
        std::function<void(std::stop_token)> work;
    };
    [[nodiscard]] const Job& at(const std::string& name) const {
        const auto found = jobs_.find(name);
        if (found == jobs_.end())
            throw std::logic_error("There is no job " + name + ".");
        return found->second;
    }
    std::map<std::string, Job> jobs_;
    std::map<std::string, int> woken_;
    bool stopped_ = false;
};

} // namespace core::testkit
