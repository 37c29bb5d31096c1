#include "executor/outbox.h"

namespace agent {

void Outbox::started() {
    const std::lock_guard lock(mutex_);
    pending_.started = true;
}

void Outbox::setProgress(restic::protocol::Progress progress) {
    const std::lock_guard lock(mutex_);
    pending_.progress = std::move(progress);
    ++pending_.progressVersion;
}

void Outbox::setResult(restic::protocol::TaskStatusReport report) {
    const std::lock_guard lock(mutex_);
    if (!pending_.result)
        pending_.result = std::move(report);
}

Outbox::Pending Outbox::pending() const {
    const std::lock_guard lock(mutex_);
    return pending_;
}

void Outbox::stop(restic::cli::StopReason reason) {
    auto none = restic::cli::StopReason::none;
    stopReason_.compare_exchange_strong(none, reason);
    stopSource_.request_stop();
}

} // namespace agent
