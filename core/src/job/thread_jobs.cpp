#include "job/thread_jobs.h"

#include <pthread.h>

#include "core/error.h"

namespace core {

Jobs::~Jobs() = default;

ThreadJobs::ThreadJobs(Logger log) : log_(std::move(log)) {}
ThreadJobs::~ThreadJobs() {
    stop();
}

void ThreadJobs::every(std::string name, std::chrono::milliseconds interval,
                       std::function<void(std::stop_token)> work) {
    const std::lock_guard lock(mutex_);
    if (stopped_)
        return;
    auto& slot = jobs_[name];
    if (slot)
        throw Error(errors::kConflict, "The job " + name + " exists already.");
    slot = std::make_unique<Job>();
    Job* job = slot.get();
    job->thread =
        std::jthread([this, job, name, interval, work = std::move(work)](const std::stop_token& stop) {
            pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
            while (!stop.stop_requested()) {
                {
                    std::unique_lock waiting(job->mutex);
                    job->due = false;
                }
                try {
                    work(stop);
                } catch (...) {
                    log_.error("a job failed; it runs again at its next time",
                               {{"job", name}, {"error", describeCurrentException()}});
                }
                std::unique_lock waiting(job->mutex);
                job->changed.wait_for(waiting, stop, interval, [job] { return job->due; });
            }
        });
}

void ThreadJobs::wake(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(name);
    if (found == jobs_.end())
        return;
    {
        const std::lock_guard waking(found->second->mutex);
        found->second->due = true;
    }
    found->second->changed.notify_all();
}

void ThreadJobs::stop() noexcept {
    std::map<std::string, std::unique_ptr<Job>> jobs;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        jobs.swap(jobs_);
    }
    for (auto& [name, job] : jobs)
        job->thread.request_stop();
    jobs.clear();
}

} // namespace core
