#include "host/health_probe.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/error.h"

namespace core::host {

struct HealthProbe::State {
    std::function<void()> check;
    std::mutex mutex;
    std::condition_variable_any changed;
    bool running = false; // under mutex, as all below
    std::uint64_t answers = 0;
    std::chrono::steady_clock::time_point began;
    std::string reason;
};

HealthProbe::HealthProbe(std::string name, std::function<void()> check, const Clock& clock,
                         milliseconds limit)
    : name_(std::move(name)), clock_(clock), limit_(limit), state_(std::make_shared<State>()) {
    state_->check = std::move(check);
}

void HealthProbe::ask() {
    const std::lock_guard lock(state_->mutex);
    if (state_->running)
        return;
    std::thread([state = state_] {
        std::string reason;
        try {
            state->check();
        } catch (...) {
            reason = messageOfCurrentException();
            if (reason.empty())
                reason = "failed without a reason";
        }
        const std::lock_guard answering(state->mutex);
        state->reason = std::move(reason);
        state->running = false;
        ++state->answers;
        state->changed.notify_all();
    }).detach();
    state_->running = true;
    state_->began = clock_.steady();
}

std::string HealthProbe::answer() const {
    std::unique_lock lock(state_->mutex);
    const auto before = state_->answers;
    const auto answered = [&] { return !state_->running || state_->answers != before; };
    if (!clock_.waitUntil(lock, state_->changed, {}, state_->began + limit_, answered))
        return fmt::format("did not answer in {}", formatDuration(limit_));
    return state_->reason;
}

bool HealthProbe::endsBy(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(state_->mutex);
    return clock_.waitUntil(lock, state_->changed, {}, deadline, [&] { return !state_->running; });
}

} // namespace core::host
