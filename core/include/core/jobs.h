#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "core/db/database.h"
#include "core/export.h"
#include "core/time.h"

namespace core {

/// What a job's work is given for one run. Valid until the work returns.
class CORE_EXPORT JobRun {
public:
    virtual ~JobRun();
    /// Stop is requested when the module stops, when the run is cancelled, and when another host has taken
    /// the job over. The work should return soon after.
    [[nodiscard]] virtual const std::stop_token& stop() const = 0;
    /// How far it is, for stats(); `fraction` from 0 to 1 where it is known.
    virtual void report(std::string text, std::optional<double> fraction = {}) = 0;
    /// For jobs of one host: call first in every unit of work that must not be written by a host that is no
    /// longer the one. Throws core::Error (errors::kLeaseLost) then; no other host takes over before the unit
    /// has ended. Does nothing for other jobs.
    virtual void fence(db::Transaction& tx) const = 0;
    /// Of a job that is repeated (JobSpec::Every): it runs again at that time if that is before its next one.
    /// The last call of a run counts.
    virtual void runAgainAt(Instant at) = 0;
};

/// A job: when it runs and what it does.
struct JobSpec {
    /// At once, and then `interval` after each end.
    struct Every {
        milliseconds interval;
    };
    /// By a schedule of five fields (core/cron.h) in a zone of the IANA database; the key of its H is
    /// "job/MODULE/NAME". A time that passes while the job still runs is left out.
    struct Planned {
        std::string schedule;
        std::string zone = "UTC";
    };
    /// Once, at that time or as soon as possible after it. Its name is free again afterwards.
    struct Once {
        Instant at;
    };
    std::string name; ///< unique within the module
    std::variant<Every, Planned, Once> when;
    /// Of several hosts on one database only one runs it: the one that holds the job's lease, which another
    /// host takes over when it has not been renewed for `hosts.lease`. A planned time that fell into the
    /// change is made up for by the new holder; none is run twice. `Once` lives in this process alone and
    /// cannot be one host's.
    bool oneHost = false;
    std::function<void(JobRun&)> work;
};

struct JobStats {
    enum class Result { none, good, failed, cancelled };
    std::string name;
    bool running = false;
    bool oneHost = false;
    bool holder = false; ///< this host ran it at its last time; always true unless oneHost
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
    Result result = Result::none; ///< of the last run that ended
    std::string error;            ///< of the last run that failed
    std::optional<Instant> lastStart;
    milliseconds lastDuration{0};
    std::optional<Instant> next; ///< nullopt while it runs, or when it never comes again
    std::string progress;        ///< of the run under way, or the last
    std::optional<double> fraction;
};

/// Work of a module beside requests. Each job has a thread of its own, never runs twice at once on a host,
/// and its exceptions are logged and counted; it goes on at its next time. Thread-safe.
class CORE_EXPORT Jobs {
public:
    virtual ~Jobs();
    /// Throws core::Error(kConflict) for a name that is taken, core::Error(kValidation) for a schedule or
    /// zone that cannot be read. Does nothing after stop().
    virtual void add(JobSpec spec) = 0;
    /// Makes the named job run at once (or once more, if it is running).
    virtual void wake(const std::string& name) = 0;
    /// Requests stop of the run under way. False if there is none.
    virtual bool cancel(const std::string& name) = 0;
    [[nodiscard]] virtual std::vector<JobStats> stats() const = 0;
    /// Requests stop and waits for all jobs to return.
    virtual void stop() noexcept = 0;

    /// A job of every host.
    void every(std::string name, milliseconds interval, std::function<void(JobRun&)> work) {
        add({std::move(name), JobSpec::Every{interval}, false, std::move(work)});
    }
    /// A job of one host at a time.
    void everyOnOneHost(std::string name, milliseconds interval, std::function<void(JobRun&)> work) {
        add({std::move(name), JobSpec::Every{interval}, true, std::move(work)});
    }
};

} // namespace core
