#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/export.h"

namespace core {

/// Work of a module beside requests. Each job has a thread of its own while it runs, never runs twice at
/// once, and its exceptions are logged and counted; it goes on at its next time. Thread-safe.
class CORE_EXPORT Jobs {
public:
    virtual ~Jobs();
    /// Runs the job now and then `interval` after each end. It should return soon after a stop is requested.
    virtual void every(std::string name, std::chrono::milliseconds interval,
                       std::function<void(std::stop_token)> work) = 0;
    /// Makes the named job run at once (or once more, if it is running).
    virtual void wake(const std::string& name) = 0;
    /// Requests stop and waits for all jobs to return.
    virtual void stop() noexcept = 0;
};

} // namespace core
