#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/jobs.h"
#include "core/log.h"
#include "lease/leases.h"

namespace core {

/// Jobs with a thread each: they are few and mostly wait.
class CORE_EXPORT ThreadJobs final : public Jobs {
public:
    /// `leases` may be null: then this host is the only one. `module` keeps the leases of modules apart.
    /// References must outlive it.
    ThreadJobs(Logger log, const Clock& clock, Leases* leases = nullptr, std::string module = {});
    ~ThreadJobs() override;

    void add(JobSpec spec) override;
    void wake(const std::string& name) override;
    bool cancel(const std::string& name) override;
    [[nodiscard]] std::vector<JobStats> stats() const override;
    void stop() noexcept override;
    /// Requests stop, waits for nothing and takes no more jobs; stop() or stopBy() follows.
    void requestStop() noexcept;
    /// Requests stop and waits until then. Returns the names of those that have not returned: their threads
    /// are left behind, and all that they use must stay as long as the process.
    [[nodiscard]] std::vector<std::string> stopBy(std::chrono::steady_clock::time_point deadline) noexcept;

private:
    class Run;
    struct Job;

    /// Takes all jobs, told to end.
    std::map<std::string, std::unique_ptr<Job>> dismiss() noexcept;
    void loop(Job& job, const std::stop_token& stop);
    /// Runs the work unless another host is the one for it. False if it has to be tried again soon.
    bool runOnce(Job& job, const std::stop_token& stop, std::optional<Instant> slot);
    void work(Job& job, const std::stop_token& stop, const std::optional<Lease>& lease);

    Logger log_;
    const Clock& clock_;
    Leases* leases_;
    const std::string module_;
    mutable std::mutex mutex_;
    bool stopped_ = false;
    std::map<std::string, std::unique_ptr<Job>> jobs_;
};

} // namespace core
