#include "executor/reporter.h"

#include <algorithm>

#include "core/random.h"
#include "core/wire.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace protocol = restic::protocol;

constexpr auto kProgressInterval = 1s;
constexpr auto kIdleInterval = 1s;
constexpr std::size_t kBatchLines = 100;
} // namespace

std::chrono::milliseconds Backoff::next() {
    auto delay = first_;
    for (int i = 0; i < failures_ && delay < most_; ++i)
        delay *= 2;
    delay = std::min(delay, most_);
    failures_ = std::min(failures_ + 1, 1000000);
    std::uint32_t random = 0;
    core::fillRandom(std::as_writable_bytes(std::span(&random, 1)));
    const auto half = delay.count() / 2;
    return std::chrono::milliseconds(delay.count() - half + (half > 0 ? random % (half + 1) : 0));
}

void Reporter::add(std::shared_ptr<Outbox> outbox) {
    {
        const std::lock_guard lock(mutex_);
        added_.push_back(std::move(outbox));
        woken_ = true;
    }
    changed_.notify_all();
}

void Reporter::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

void Reporter::run(const std::stop_token& stop) {
    std::vector<Entry> entries;
    Interrupter interrupter;
    const std::stop_callback interrupt(stop, [&] { interrupter.interrupt(); });
    Backoff backoff(config_.agent.retryBackoff, config_.agent.retryMaxBackoff);
    TimePoint notBefore{};
    while (!stop.stop_requested()) {
        auto next = Clock::now() + 60s;
        std::optional<ApiFailure> failure;
        if (Clock::now() >= notBefore) {
            for (auto& entry : entries) {
                next = std::min(next, serve(entry, interrupter, failure));
                if (failure)
                    break;
            }
            if (failure) {
                const auto delay = failure->retryAfter.value_or(backoff.next());
                notBefore = Clock::now() + delay;
                if (!stop.stop_requested())
                    log_.warn("A report could not be delivered; it will be sent again",
                              {{"error", failure->message},
                               {"again_in_ms", static_cast<std::int64_t>(delay.count())}});
            } else {
                backoff.reset();
            }
        }
        next = std::max(next, notBefore);
        std::erase_if(entries, [](const Entry& entry) { return entry.done; });

        std::unique_lock lock(mutex_);
        // While the server is away a change is no reason to try earlier.
        if (Clock::now() < notBefore)
            changed_.wait_until(lock, stop, notBefore, [] { return false; });
        else
            changed_.wait_until(lock, stop, next, [&] { return woken_; });
        woken_ = false;
        for (auto& outbox : added_) {
            entries.emplace_back();
            entries.back().outbox = std::move(outbox);
        }
        added_.clear();
    }
}

Reporter::TimePoint Reporter::serve(Entry& entry, Interrupter& interrupter,
                                    std::optional<ApiFailure>& failure) {
    auto& outbox = *entry.outbox;
    const auto pending = outbox.pending();
    auto next = Clock::now() + kIdleInterval;
    if (!pending.result) {
        const bool first = pending.started && !entry.startedSent;
        const bool progress = pending.progressVersion > entry.progressSent;
        if (!outbox.abandoned() && (first || progress)) {
            if (first || Clock::now() - entry.lastStatus >= kProgressInterval) {
                if (!sendStatus(entry,
                                {outbox.attempt(), "running", pending.progress, std::nullopt, std::nullopt},
                                interrupter, failure))
                    return next;
                entry.startedSent = true;
                entry.progressSent = pending.progressVersion;
            } else {
                next = std::min(next, entry.lastStatus + kProgressInterval);
            }
        }
    }
    const auto lines = outbox.log().pending();
    if (entry.lastLogs == TimePoint{})
        entry.lastLogs = Clock::now();
    if (lines >= kBatchLines ||
        (lines > 0 && (pending.result || Clock::now() - entry.lastLogs >= config_.restic.streamInterval))) {
        while (outbox.log().pending() > 0)
            if (!sendLogs(entry, interrupter, failure))
                return next;
    } else if (lines > 0) {
        next = std::min(next, entry.lastLogs +
                                  std::chrono::duration_cast<Clock::duration>(config_.restic.streamInterval));
    }
    if (pending.result) {
        if (outbox.abandoned() || sendStatus(entry, *pending.result, interrupter, failure)) {
            entry.done = true;
            closed_(outbox);
        }
    }
    return next;
}

bool Reporter::sendStatus(Entry& entry, const protocol::TaskStatusReport& report, Interrupter& interrupter,
                          std::optional<ApiFailure>& failure) {
    auto& outbox = *entry.outbox;
    auto answer = server_.reportStatus(outbox.taskId(), report, &interrupter);
    entry.lastStatus = Clock::now();
    if (answer) {
        if (answer.value->cancelRequested && report.status == "running")
            outbox.stop(StopReason::cancelled);
        return true;
    }
    const auto& why = answer.failure;
    if (why.kind == ApiFailure::Kind::conflict || why.status == 404) {
        log_.info(
            "The server wants no more of this task",
            {{"task_id", outbox.taskId()}, {"attempt", std::int64_t{outbox.attempt()}}, {"error", why.name}});
        outbox.abandon();
        outbox.stop(StopReason::cancelled);
        return true;
    }
    if (why.kind == ApiFailure::Kind::rejected && !entry.simplified && report.status != "running") {
        // Better a bare result than none for ever.
        log_.error("The server refuses this report; sending it without its details",
                   {{"task_id", outbox.taskId()}, {"error", why.message}});
        entry.simplified = true;
        auto bare = report;
        bare.result.reset();
        bare.progress.reset();
        return sendStatus(entry, bare, interrupter, failure);
    }
    if (why.kind == ApiFailure::Kind::rejected && report.status == "running") {
        log_.warn("The server refuses a progress report",
                  {{"task_id", outbox.taskId()}, {"error", why.message}});
        return true;
    }
    failure = why;
    return false;
}

bool Reporter::sendLogs(Entry& entry, Interrupter& interrupter, std::optional<ApiFailure>& failure) {
    auto& outbox = *entry.outbox;
    auto batch = outbox.log().batch(kBatchLines);
    batch.attempt = outbox.attempt();
    auto answer = server_.sendLogs(outbox.taskId(), batch, &interrupter);
    entry.lastLogs = Clock::now();
    if (answer) {
        const auto last = batch.firstSeq + static_cast<std::int64_t>(batch.lines.size()) - 1;
        if (answer.value->ackedSeq < batch.firstSeq) {
            // It stored nothing and said so: the same batch again at once would go round for ever.
            failure = ApiFailure{ApiFailure::Kind::busy, 200, "LogsNotStored",
                                 "the server stored no log line", std::nullopt};
            return false;
        }
        outbox.log().acknowledge(std::min(last, answer.value->ackedSeq));
        return true;
    }
    if (answer.failure.kind == ApiFailure::Kind::conflict ||
        answer.failure.kind == ApiFailure::Kind::rejected) {
        log_.warn("The server refuses log lines of this task; they are dropped",
                  {{"task_id", outbox.taskId()}, {"error", answer.failure.message}});
        outbox.log().dropPending();
        return true;
    }
    failure = answer.failure;
    return false;
}

} // namespace agent
