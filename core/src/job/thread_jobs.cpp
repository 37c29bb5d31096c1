#include "job/thread_jobs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <pthread.h>

#include <fmt/format.h>

#include "core/cron.h"
#include "core/error.h"

namespace core {

using std::chrono::steady_clock;

JobRun::~JobRun() = default;
Jobs::~Jobs() = default;

struct ThreadJobs::Job {
    JobSpec spec;
    std::optional<Cron> cron;
    const date::time_zone* zone = nullptr;
    std::string lease;

    std::mutex mutex;
    std::condition_variable_any changed;
    bool woken = false;           // under mutex, as all below
    bool over = false;            // it never runs again
    bool ended = false;           // its thread has nothing left to do
    std::optional<Instant> again; // what its last run asked for
    std::stop_source run{std::nostopstate};
    JobStats stats;

    std::jthread thread; // last: it uses all of the above
};

class ThreadJobs::Run final : public JobRun {
public:
    Run(Job& job, std::stop_token stop, Leases* leases, const std::optional<Lease>& lease)
        : job_(job), stop_(std::move(stop)), leases_(leases), lease_(lease) {}
    const std::stop_token& stop() const override { return stop_; }
    void report(std::string text, std::optional<double> fraction) override {
        const std::lock_guard lock(job_.mutex);
        job_.stats.progress = std::move(text);
        job_.stats.fraction = fraction;
    }
    void fence(db::Transaction& tx) const override {
        if (lease_)
            leases_->fence(tx, *lease_);
    }
    void runAgainAt(Instant at) override {
        const std::lock_guard lock(job_.mutex);
        job_.again = at;
    }

private:
    Job& job_;
    std::stop_token stop_;
    Leases* leases_;
    const std::optional<Lease>& lease_;
};

ThreadJobs::ThreadJobs(Logger log, const Clock& clock, Leases* leases, std::string module)
    : log_(std::move(log)), clock_(clock), leases_(leases), module_(std::move(module)) {}
ThreadJobs::~ThreadJobs() {
    stop();
}

void ThreadJobs::add(JobSpec spec) {
    auto job = std::make_unique<Job>();
    job->lease = fmt::format("job/{}/{}", module_, spec.name);
    if (const auto* planned = std::get_if<JobSpec::Planned>(&spec.when)) {
        job->cron = Cron::parse(planned->schedule, job->lease).value();
        job->zone = findTimeZone(planned->zone);
        if (job->zone == nullptr)
            throw Error(errors::kValidation,
                        fmt::format("The job {} names the time zone \"{}\", which is not known.", spec.name,
                                    planned->zone));
    }
    if (spec.oneHost && std::holds_alternative<JobSpec::Once>(spec.when))
        throw Error(
            errors::kValidation,
            fmt::format("The job {} runs once, in this process: it cannot be one host's.", spec.name));
    job->stats.name = spec.name;
    job->stats.oneHost = spec.oneHost;
    job->stats.holder = !spec.oneHost;

    constexpr std::ptrdiff_t kRemembered = 100; // one-off jobs that are over
    std::vector<std::unique_ptr<Job>> ended;    // joined outside the lock
    const std::lock_guard lock(mutex_);
    if (stopped_)
        return;
    const auto over = [](const auto& entry) {
        const std::lock_guard state(entry.second->mutex);
        return entry.second->over;
    };
    if (std::count_if(jobs_.begin(), jobs_.end(), over) > kRemembered)
        for (auto it = jobs_.begin(); it != jobs_.end();) {
            if (over(*it)) {
                ended.push_back(std::move(it->second));
                it = jobs_.erase(it);
            } else {
                ++it;
            }
        }
    auto& slot = jobs_[spec.name];
    if (slot) {
        const std::lock_guard state(slot->mutex);
        if (!slot->over)
            throw Error(errors::kConflict, "The job " + spec.name + " exists already.");
    }
    ended.push_back(std::move(slot));
    job->spec = std::move(spec);
    slot = std::move(job);
    slot->thread = std::jthread([this, job = slot.get()](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), job->spec.name.substr(0, 15).c_str());
        loop(*job, stop);
        const std::lock_guard state(job->mutex);
        job->ended = true;
        job->changed.notify_all();
    });
}

void ThreadJobs::loop(Job& job, const std::stop_token& stop) {
    // The time of day may be set while a job waits for one: it is looked at again now and then.
    constexpr auto kLookAgain = std::chrono::seconds(30);
    std::optional<Instant> slot; // of a planned job: the time that it waits for
    std::optional<Instant> at;   // the time of day at which it is due
    steady_clock::time_point due = clock_.steady();
    if (const auto* once = std::get_if<JobSpec::Once>(&job.spec.when))
        at = once->at;
    // Until this time another try is made for a slot whose holder may have died.
    std::optional<steady_clock::time_point> patience;
    for (;;) {
        if (job.cron && !patience) {
            slot = job.cron->next(clock_.now(), *job.zone);
            at = slot;
        }
        bool woken = false;
        {
            std::unique_lock lock(job.mutex);
            const bool never = job.cron && !slot;
            if (at)
                job.stats.next = *at;
            else if (!never)
                job.stats.next =
                    clock_.now() + std::chrono::duration_cast<microseconds>(due - clock_.steady());
            else
                job.stats.next = std::nullopt;
            for (;;) {
                const auto now = clock_.steady();
                auto deadline = never ? now + kLookAgain : due;
                if (at && !patience) {
                    const auto left = *at - clock_.now();
                    if (left <= microseconds{0})
                        break;
                    deadline = now + std::min<steady_clock::duration>(left, kLookAgain);
                } else if (!never && now >= due) {
                    break;
                }
                if (clock_.waitUntil(lock, job.changed, stop, deadline, [&] { return job.woken; })) {
                    woken = true;
                    break;
                }
                if (stop.stop_requested())
                    return;
            }
            if (stop.stop_requested())
                return;
            job.woken = false;
            job.stats.next = std::nullopt;
        }
        const bool done = runOnce(job, stop, woken ? std::nullopt : slot);
        if (std::holds_alternative<JobSpec::Once>(job.spec.when)) {
            const std::lock_guard lock(job.mutex);
            job.over = true;
            return;
        }
        if (const auto* every = std::get_if<JobSpec::Every>(&job.spec.when)) {
            const std::lock_guard lock(job.mutex);
            const auto again = std::exchange(job.again, std::nullopt);
            steady_clock::duration wait = every->interval;
            if (again)
                wait = std::clamp<steady_clock::duration>(*again - clock_.now(), steady_clock::duration{0},
                                                          wait);
            due = clock_.steady() + wait;
        } else if (!woken) {
            // Another host is the one for this slot. Should it die now, its lease ends within `duration`, and
            // whoever takes it over finds out whether the slot was begun.
            if (done) {
                patience.reset();
            } else {
                const auto now = clock_.steady();
                if (!patience)
                    patience = now + 2 * leases_->duration();
                due = now + leases_->duration() / 3;
                if (now >= *patience)
                    patience.reset();
            }
        }
    }
}

bool ThreadJobs::runOnce(Job& job, const std::stop_token& stop, std::optional<Instant> slot) {
    std::optional<Lease> lease;
    if (job.spec.oneHost && leases_ != nullptr) {
        lease = leases_->acquire(job.lease);
        {
            const std::lock_guard lock(job.mutex);
            job.stats.holder = lease.has_value();
        }
        if (!lease)
            return false;
        try {
            if (slot && !leases_->claimSlot(*lease, *slot))
                return true;
        } catch (...) {
            log_.warn("a job's time could not be claimed; it is tried again",
                      {{"job", job.spec.name}, {"error", describeCurrentException()}});
            return false;
        }
    } else if (job.spec.oneHost) {
        const std::lock_guard lock(job.mutex);
        job.stats.holder = true;
    }
    work(job, stop, lease);
    return true;
}

void ThreadJobs::work(Job& job, const std::stop_token& stop, const std::optional<Lease>& lease) {
    std::stop_source source;
    const auto forward = [&source] { source.request_stop(); };
    const std::stop_callback ends(stop, forward);
    const std::stop_callback lost(lease ? lease->lost : std::stop_token(), forward);
    const auto began = clock_.steady();
    {
        const std::lock_guard lock(job.mutex);
        job.run = source;
        job.stats.running = true;
        job.stats.lastStart = clock_.now();
        job.stats.progress.clear();
        job.stats.fraction.reset();
    }
    std::string error;
    try {
        Run run(job, source.get_token(), leases_, lease);
        job.spec.work(run);
    } catch (...) {
        error = describeCurrentException();
        log_.error("a job failed; it goes on at its next time", {{"job", job.spec.name}, {"error", error}});
    }
    const std::lock_guard lock(job.mutex);
    job.run = std::stop_source(std::nostopstate);
    auto& stats = job.stats;
    stats.running = false;
    stats.lastDuration = std::chrono::duration_cast<milliseconds>(clock_.steady() - began);
    ++stats.runs;
    if (!error.empty()) {
        ++stats.failures;
        stats.error = std::move(error);
        stats.result = JobStats::Result::failed;
    } else {
        stats.result = source.stop_requested() ? JobStats::Result::cancelled : JobStats::Result::good;
    }
}

void ThreadJobs::wake(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(name);
    if (found == jobs_.end())
        return;
    {
        const std::lock_guard waking(found->second->mutex);
        found->second->woken = true;
    }
    found->second->changed.notify_all();
}

bool ThreadJobs::cancel(const std::string& name) {
    std::optional<std::stop_source> run;
    {
        const std::lock_guard lock(mutex_);
        const auto found = jobs_.find(name);
        if (found == jobs_.end())
            return false;
        const std::lock_guard state(found->second->mutex);
        run = found->second->run;
    }
    // Outside the locks: what the work does at a stop may take them.
    return run->stop_possible() && run->request_stop();
}

std::vector<JobStats> ThreadJobs::stats() const {
    const std::lock_guard lock(mutex_);
    std::vector<JobStats> all;
    for (const auto& [name, job] : jobs_) {
        const std::lock_guard state(job->mutex);
        all.push_back(job->stats);
    }
    return all;
}

void ThreadJobs::requestStop() noexcept {
    std::vector<std::stop_source> sources;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (auto& [name, job] : jobs_)
            sources.push_back(job->thread.get_stop_source());
    }
    // Outside the lock: what the work does at a stop may take it.
    for (auto& source : sources)
        source.request_stop();
}

std::map<std::string, std::unique_ptr<ThreadJobs::Job>> ThreadJobs::dismiss() noexcept {
    requestStop();
    std::map<std::string, std::unique_ptr<Job>> jobs;
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
    return jobs;
}

void ThreadJobs::stop() noexcept {
    dismiss().clear();
}

std::vector<std::string> ThreadJobs::stopBy(steady_clock::time_point deadline) noexcept {
    std::vector<std::string> left;
    for (auto& [name, job] : dismiss()) {
        {
            std::unique_lock lock(job->mutex);
            if (clock_.waitUntil(lock, job->changed, {}, deadline, [&] { return job->ended; }))
                continue;
        }
        left.push_back(name);
        job->thread.detach();
        static_cast<void>(job.release()); // its thread goes on using it
    }
    return left;
}

} // namespace core
