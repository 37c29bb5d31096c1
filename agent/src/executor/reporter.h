#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "api_client/host_client.h"
#include "config/config.h"
#include "executor/outbox.h"
#include "waiting/backoff.h"

namespace agent {

/// Brings what the outboxes hold to the server: "running" at once, progress at most once a second, log lines
/// by the hundred or after the stream interval, the result's items in parts when the task has ended, the
/// result when all lines and items are through. Nothing is forgotten
/// before the server has acknowledged it. One thread runs it; the rest is thread-safe.
class Reporter {
public:
    /// `closed` is called when the server has all of an outbox, or wants no more of it.
    Reporter(HostClient& server, const Config& config, const core::Clock& clock, core::Logger log,
             std::function<void(const Outbox&)> closed)
        : server_(server), config_(config), clock_(clock), log_(std::move(log)), closed_(std::move(closed)) {}

    void add(std::shared_ptr<Outbox> outbox);
    /// Something in an outbox has changed that should go out at once.
    void wake();
    void run(const std::stop_token& stop);

private:
    using TimePoint = std::chrono::steady_clock::time_point;
    struct Entry {
        std::shared_ptr<Outbox> outbox;
        bool startedSent = false;
        std::uint64_t progressSent = 0;
        TimePoint lastStatus{};
        TimePoint lastLogs{};
        /// How much of a refused result has been left away.
        int simplified = 0;
        /// How many lines a batch may have now.
        std::size_t batch = 0;
        /// How many items a part may have now.
        std::size_t part = 0;
        Backoff backoff;
        TimePoint notBefore{};
        bool itemsSent = false;
        /// How often all items were sent and the server held others.
        int itemRounds = 0;
        /// The items cannot be brought to the server: with this the task fails.
        std::optional<restic::protocol::TaskError> itemsLost = std::nullopt;
        bool resultSent = false;
        bool done = false;
    };

    /// Sends what is due; when to look again. Sets `failure` if something did not get through.
    TimePoint serve(Entry& entry, core::http::Interrupter& interrupter, std::optional<ApiFailure>& failure);
    bool sendStatus(Entry& entry, const restic::protocol::TaskStatusReport& report,
                    core::http::Interrupter& interrupter, std::optional<ApiFailure>& failure);
    /// Sends some parts of the result's items. False if something did not get through.
    bool sendItems(Entry& entry, core::http::Interrupter& interrupter, std::optional<ApiFailure>& failure);
    bool sendPart(Entry& entry, core::http::Interrupter& interrupter, std::optional<ApiFailure>& failure);
    bool sendLogs(Entry& entry, core::http::Interrupter& interrupter, std::optional<ApiFailure>& failure);

    HostClient& server_;
    const Config& config_;
    const core::Clock& clock_;
    core::Logger log_;
    std::function<void(const Outbox&)> closed_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;
    std::vector<std::shared_ptr<Outbox>> added_;
};

} // namespace agent
