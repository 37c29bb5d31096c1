#pragma once

#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/jobs.h"

namespace core::testkit {

/// Jobs that run when a test says so, on its thread. One thread at a time.
class FakeJobs final : public Jobs {
public:
    void add(JobSpec spec) override {
        const std::string name = spec.name;
        if (!jobs_.emplace(name, Job{std::move(spec), {}}).second)
            throw Error(errors::kConflict, "The job " + name + " exists already.");
        jobs_.at(name).stats.name = name;
        jobs_.at(name).stats.oneHost = jobs_.at(name).spec.oneHost;
        jobs_.at(name).stats.holder = true;
    }
    /// Only counts; see woken().
    void wake(const std::string& name) override { ++woken_[name]; }
    /// Stops the run under way: for work that cancels its own job.
    bool cancel(const std::string& name) override {
        const auto found = running_.find(name);
        if (found == running_.end())
            return false;
        found->second.request_stop();
        return true;
    }
    [[nodiscard]] std::vector<JobStats> stats() const override {
        std::vector<JobStats> all;
        for (const auto& [name, job] : jobs_)
            all.push_back(job.stats);
        return all;
    }
    void stop() noexcept override {
        jobs_.clear();
        stopped_ = true;
    }

    /// Runs the job once; its exceptions reach the test. Throws std::logic_error for an unknown name.
    void run(const std::string& name) {
        Job& job = at(name);
        auto& source = running_[name] = std::stop_source();
        Run context(job.stats, source.get_token(), lost_.contains(name));
        ++job.stats.runs;
        try {
            job.spec.work(context);
        } catch (...) {
            ++job.stats.failures;
            running_.erase(name);
            throw;
        }
        running_.erase(name);
    }
    /// From now on another host has the job: its units of work are fenced off.
    void loseLease(const std::string& name) { lost_.insert(name); }
    [[nodiscard]] const JobSpec& spec(const std::string& name) const { return at(name).spec; }
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
        JobSpec spec;
        JobStats stats;
    };
    class Run final : public JobRun {
    public:
        Run(JobStats& stats, std::stop_token stop, bool lost)
            : stats_(stats), stop_(std::move(stop)), lost_(lost) {}
        [[nodiscard]] const std::stop_token& stop() const override { return stop_; }
        void report(std::string text, std::optional<double> fraction) override {
            stats_.progress = std::move(text);
            stats_.fraction = fraction;
        }
        void fence(db::Transaction&) const override {
            if (lost_)
                throw Error(errors::kLeaseLost, "Another host has this job now.");
        }
        void runAgainAt(Instant at) override { stats_.next = at; }

    private:
        JobStats& stats_;
        std::stop_token stop_;
        bool lost_;
    };
    [[nodiscard]] const Job& at(const std::string& name) const {
        const auto found = jobs_.find(name);
        if (found == jobs_.end())
            throw std::logic_error("There is no job " + name + ".");
        return found->second;
    }
    [[nodiscard]] Job& at(const std::string& name) {
        return const_cast<Job&>(static_cast<const FakeJobs&>(*this).at(name));
    }
    std::map<std::string, Job> jobs_;
    std::map<std::string, std::stop_source> running_;
    std::map<std::string, int> woken_;
    std::set<std::string> lost_;
    bool stopped_ = false;
};

} // namespace core::testkit
