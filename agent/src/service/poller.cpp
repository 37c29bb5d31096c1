#include "service/poller.h"

#include <algorithm>

#include "api_client/failure_kinds.h"
#include "waiting/backoff.h"
#include "waiting/pause.h"

#include "heartbeat/heartbeat.h"

namespace agent {
using namespace std::chrono_literals;

void Poller::freed() {
    const std::lock_guard lock(mutex_);
    if (parkedFull_)
        interrupter_.interrupt();
}

void Poller::run(const std::stop_token& stop) {
    const std::stop_callback interrupt(stop, [this] { interrupter_.interrupt(); });
    Backoff backoff(config_.agent.retryBackoff, config_.agent.retryMaxBackoff);
    Backoff early(std::min<std::chrono::milliseconds>(100ms, config_.agent.pollInterval),
                  config_.agent.pollInterval);
    while (!stop.stop_requested()) {
        std::int64_t free = 0;
        {
            const std::lock_guard lock(mutex_);
            interrupter_.reset();
            free = executor_.load().free;
            parkedFull_ = free == 0;
        }
        if (stop.stop_requested()) // requested between the check above and the reset
            return;
        const auto began = std::chrono::steady_clock::now();
        auto answer = server_.poll(free, config_.agent.longPollTimeout, interrupter_);
        {
            const std::lock_guard lock(mutex_);
            parkedFull_ = false;
        }
        if (!answer) {
            if (answer.failure.kind == ApiFailure::Kind::interrupted)
                continue;
            const auto delay = answer.failure.retryAfter.value_or(backoff.next());
            const core::LogFields fields{{"reason", failures::ofPoll(answer.failure).name},
                                         {"error", answer.failure.message},
                                         {"again_in_ms", static_cast<std::int64_t>(delay.count())}};
            if (backoff.failures() == config_.agent.failureThreshold)
                log_.error("The server has not given an answer about tasks for several attempts", fields);
            else
                log_.warn("Asking for tasks failed", fields);
            pause(stop, delay);
            continue;
        }
        backoff.reset();
        for (const auto& envelope : *answer.value) {
            try {
                executor_.handle(envelope);
            } catch (...) {
                // Not in the journal, so the server gives it out again.
                log_.error("A message from the server could not be taken",
                           {{"error", core::describeCurrentException()}});
            }
        }
        // A server, or a proxy, that does not hold polls open must not be asked in a circle.
        const auto took = std::chrono::steady_clock::now() - began;
        if (answer.value->empty() &&
            took < std::clamp<std::chrono::milliseconds>(config_.agent.longPollTimeout / 2, 1ms, 500ms))
            pause(stop, early.next());
        else
            early.reset();
    }
}

} // namespace agent
