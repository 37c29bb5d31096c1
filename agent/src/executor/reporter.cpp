#include "executor/reporter.h"

#include <algorithm>

#include "core/random.h"
#include "core/wire.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace protocol = restic::protocol;

constexpr auto kProgressInterval = 1s;
constexpr auto kIdleInterval = 1s;
constexpr std::size_t kBatchLines = 100;
constexpr int kSimplifications = 2;
/// So often log lines are tried before the result goes ahead of them.
constexpr int kPatience = 3;
/// Then others have their turn.
constexpr int kPartsInARow = 4;
/// So often all items are sent again.
constexpr int kItemRounds = 3;
/// So many refused items of a part are named in the task's log.
constexpr std::size_t kNamedItems = 10;
constexpr std::string_view kRefusedLine = "(a line that the server did not take)";

/// A report with less in it that a server could refuse: first without lists and texts, then without any
/// result.
protocol::TaskStatusReport simplified(protocol::TaskStatusReport report, int level) {
    if (level > 0 && report.result) {
        core::json::Object kept;
        for (const auto& [name, value] : report.result->members())
            if (name == "outcome" || name == "snapshot_id" || name == "short_id" || value.number())
                kept.set(name, value);
        report.result = std::move(kept);
    }
    if (level > 1)
        report.result.reset();
    return report;
}

/// The same task without its items: it has failed.
protocol::TaskStatusReport withoutItems(protocol::TaskStatusReport report,
                                        const std::optional<protocol::TaskError>& why) {
    if (!why)
        return report;
    report.status = "failed";
    report.error = why;
    report.items.reset();
    if (report.result)
        report.result->set("outcome", report.status);
    return report;
}
} // namespace

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
    core::http::Interrupter interrupter;
    const std::stop_callback interrupt(stop, [&] { interrupter.interrupt(); });
    Backoff backoff(config_.agent.retryBackoff, config_.agent.retryMaxBackoff);
    TimePoint notBefore{};
    while (!stop.stop_requested()) {
        auto next = Clock::now() + 60s;
        bool unreachable = false;
        if (Clock::now() >= notBefore) {
            for (auto& entry : entries) {
                if (Clock::now() < entry.notBefore) {
                    next = std::min(next, entry.notBefore);
                    continue;
                }
                std::optional<ApiFailure> failure;
                next = std::min(next, serve(entry, interrupter, failure));
                if (!failure) {
                    entry.backoff.reset();
                    continue;
                }
                // What is about this task alone does not keep the others from being reported.
                unreachable = failure->kind == ApiFailure::Kind::network;
                auto& waiting = unreachable ? backoff : entry.backoff;
                const auto delay = failure->retryAfter.value_or(waiting.next());
                (unreachable ? notBefore : entry.notBefore) = Clock::now() + delay;
                next = std::min(next, Clock::now() + delay);
                if (!stop.stop_requested())
                    log_.warn("A report could not be delivered; it will be sent again",
                              {{"task_id", entry.outbox->taskId()},
                               {"error", failure->message},
                               {"again_in_ms", static_cast<std::int64_t>(delay.count())}});
                if (unreachable)
                    break;
            }
            if (!unreachable)
                backoff.reset();
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
        for (auto& outbox : added_)
            entries.push_back(
                {.outbox = std::move(outbox),
                 .batch = kBatchLines,
                 .part = protocol::result_limits::kPartItems,
                 .backoff = Backoff(config_.agent.retryBackoff, config_.agent.retryMaxBackoff)});
        added_.clear();
    }
}

Reporter::TimePoint Reporter::serve(Entry& entry, core::http::Interrupter& interrupter,
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
                                {outbox.attempt(), "running", pending.progress, std::nullopt, std::nullopt,
                                 std::nullopt},
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
            if (!sendLogs(entry, interrupter, failure)) {
                // A log that does not get through must not hold the result back for ever.
                if (!pending.result || failure->kind != ApiFailure::Kind::busy ||
                    entry.backoff.failures() < kPatience)
                    return next;
                break;
            }
    } else if (lines > 0) {
        next = std::min(next, entry.lastLogs +
                                  std::chrono::duration_cast<Clock::duration>(config_.restic.streamInterval));
    }
    if (pending.result) {
        if (!entry.resultSent && !outbox.abandoned() && pending.result->items && !entry.itemsLost) {
            if (!sendItems(entry, interrupter, failure))
                return next;
            if (!entry.itemsSent && !entry.itemsLost && !outbox.abandoned())
                return Clock::now();
        }
        if (!entry.resultSent && !outbox.abandoned())
            entry.resultSent =
                sendStatus(entry, withoutItems(*pending.result, entry.itemsLost), interrupter, failure);
        if (outbox.abandoned() || (entry.resultSent && outbox.log().pending() == 0)) {
            entry.done = true;
            closed_(outbox);
        }
    }
    return next;
}

bool Reporter::sendStatus(Entry& entry, const protocol::TaskStatusReport& report,
                          core::http::Interrupter& interrupter, std::optional<ApiFailure>& failure) {
    auto& outbox = *entry.outbox;
    auto answer = server_.reportStatus(outbox.taskId(), simplified(report, entry.simplified), &interrupter);
    entry.lastStatus = Clock::now();
    if (answer) {
        if (answer.value->cancelRequested && report.status == "running")
            outbox.stop(restic::cli::StopReason::cancelled);
        return true;
    }
    const auto& why = answer.failure;
    using Kind = ApiFailure::Kind;
    if (why.kind == Kind::taskEnded) {
        log_.info(
            "The server wants no more of this task",
            {{"task_id", outbox.taskId()}, {"attempt", std::int64_t{outbox.attempt()}}, {"error", why.name}});
        outbox.abandon();
        outbox.stop(restic::cli::StopReason::cancelled);
        return true;
    }
    if (why.kind == Kind::lacksItems) {
        // At once again would go round for ever with a server that never has enough.
        entry.itemsSent = false;
        outbox.items().goBehind(0);
        if (++entry.itemRounds > kItemRounds)
            entry.itemsLost = protocol::task_errors::make(
                protocol::task_errors::kAgentFailure,
                "The server did not take the items of the result: " + why.message);
    }
    if (why.kind == Kind::rejected && report.status == "running") {
        log_.warn("The server refuses a progress report",
                  {{"task_id", outbox.taskId()}, {"error", why.message}});
        return true;
    }
    if (why.kind == Kind::rejected && entry.simplified < kSimplifications) {
        // Better a result without its details than none for ever.
        ++entry.simplified;
        log_.error("The server refuses this result; sending it with less in it",
                   {{"task_id", outbox.taskId()}, {"error", why.message}});
        return sendStatus(entry, report, interrupter, failure);
    }
    failure = why;
    return false;
}

bool Reporter::sendItems(Entry& entry, core::http::Interrupter& interrupter,
                         std::optional<ApiFailure>& failure) {
    auto& outbox = *entry.outbox;
    const auto count = outbox.pending().result->items->count;
    for (int parts = 0; parts < kPartsInARow && !entry.itemsLost && !outbox.abandoned(); ++parts) {
        entry.itemsSent = outbox.items().sent() >= count;
        if (entry.itemsSent)
            return true;
        if (!sendPart(entry, interrupter, failure))
            return false;
    }
    return true;
}

bool Reporter::sendPart(Entry& entry, core::http::Interrupter& interrupter,
                        std::optional<ApiFailure>& failure) {
    auto& outbox = *entry.outbox;
    auto& items = outbox.items();
    const auto lost = [&](const core::ErrorKind& kind, const std::string& why) {
        log_.error("The items of a result cannot be sent", {{"task_id", outbox.taskId()}, {"error", why}});
        entry.itemsLost = protocol::task_errors::make(kind, why);
        return true;
    };
    auto part = items.part(entry.part);
    part.attempt = outbox.attempt();
    if (part.lines.empty())
        return lost(protocol::task_errors::kAgentFailure,
                    "The file with the items of the result is not whole");
    auto answer = server_.sendItems(outbox.taskId(), part, &interrupter);
    using Kind = ApiFailure::Kind;
    if (answer) {
        entry.part = protocol::result_limits::kPartItems;
        const auto& refused = answer.value->refused;
        for (std::size_t i = 0; i < std::min(refused.size(), kNamedItems); ++i) {
            std::string what;
            for (const auto& problem : refused[i].problems)
                what += " " + problem.pointer + " " + problem.message + ";";
            outbox.log().append(clock_.now(), core::LogLevel::warn,
                                "The server did not take item " + std::to_string(refused[i].item) +
                                    " of the result:" + what,
                                {});
        }
        if (!items.goBehind(answer.value->ackedItem))
            return lost(protocol::task_errors::kAgentFailure,
                        "The server has more items of the result than there are");
        if (answer.value->ackedItem >= part.firstItem)
            return true;
        // At once again would go round for ever; next time with what it lacks.
        failure = ApiFailure{Kind::busy, 200, "ItemsNotStored", "the server stored no item", std::nullopt};
        return false;
    }
    switch (answer.failure.kind) {
    case Kind::taskEnded:
        log_.info("The server wants no more of this task",
                  {{"task_id", outbox.taskId()}, {"error", answer.failure.name}});
        outbox.abandon();
        outbox.stop(restic::cli::StopReason::cancelled);
        return true;
    case Kind::tooLarge:
        return lost(protocol::task_errors::kResultTooLarge, answer.failure.message);
    case Kind::rejected:
        if (part.lines.size() == 1)
            return lost(protocol::task_errors::kAgentFailure,
                        "The server refuses item " + std::to_string(part.firstItem) +
                            " of the result: " + answer.failure.message);
        entry.part = part.lines.size() / 2; // until the one that it means is alone
        return sendPart(entry, interrupter, failure);
    default:
        failure = answer.failure;
        return false;
    }
}

bool Reporter::sendLogs(Entry& entry, core::http::Interrupter& interrupter,
                        std::optional<ApiFailure>& failure) {
    auto& outbox = *entry.outbox;
    auto batch = outbox.log().batch(entry.batch);
    batch.attempt = outbox.attempt();
    auto answer = server_.sendLogs(outbox.taskId(), batch, &interrupter);
    entry.lastLogs = Clock::now();
    using Kind = ApiFailure::Kind;
    if (answer) {
        const auto last = batch.firstSeq + static_cast<std::int64_t>(batch.lines.size()) - 1;
        const auto acked = std::min(last, answer.value->ackedSeq);
        if (acked < batch.firstSeq) {
            // At once again would go round for ever; next time with what it lacks, if it lacks older ones.
            outbox.log().resumeAfter(acked);
            failure =
                ApiFailure{Kind::busy, 200, "LogsNotStored", "the server stored no log line", std::nullopt};
            return false;
        }
        outbox.log().acknowledge(acked);
        entry.batch = kBatchLines;
        return true;
    }
    if (answer.failure.kind == Kind::taskEnded) {
        log_.info("The server wants no more log lines of this task",
                  {{"task_id", outbox.taskId()}, {"error", answer.failure.name}});
        outbox.log().dropPending();
        return true;
    }
    if (answer.failure.kind == Kind::rejected && batch.lines.size() > 1) {
        entry.batch = batch.lines.size() / 2; // until the one that it means is alone
        return sendLogs(entry, interrupter, failure);
    }
    if (answer.failure.kind == Kind::rejected && batch.lines.front().message != kRefusedLine) {
        log_.warn("The server refuses a log line; its text is left out",
                  {{"task_id", outbox.taskId()}, {"error", answer.failure.message}});
        outbox.log().replaceFirst(std::string(kRefusedLine));
        return sendLogs(entry, interrupter, failure);
    }
    failure = answer.failure;
    return false;
}

} // namespace agent
