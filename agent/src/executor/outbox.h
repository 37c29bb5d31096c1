#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/json.h"
#include "executor/task_items.h"
#include "executor/task_log.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_messages.h"

namespace agent {

/// What one attempt at a task has to tell the server, and what the server has asked of it meanwhile. Shared
/// by the thread that runs the task and the one that reports. Thread-safe.
class Outbox {
public:
    /// `folder`: of the attempt's files.
    Outbox(std::string taskId, int attempt, const std::filesystem::path& folder,
           std::function<std::string(std::string)> redact)
        : taskId_(std::move(taskId)), attempt_(attempt), log_(folder / "log"), items_(folder / "items"),
          redact_(std::move(redact)) {}

    [[nodiscard]] const std::string& taskId() const noexcept { return taskId_; }
    [[nodiscard]] int attempt() const noexcept { return attempt_; }
    [[nodiscard]] TaskLog& log() noexcept { return log_; }
    [[nodiscard]] TaskItems& items() noexcept { return items_; }
    [[nodiscard]] std::string redact(std::string text) const { return redact_(std::move(text)); }

    void started();
    void setProgress(restic::protocol::Progress progress);
    /// The final report; what is said after it is ignored.
    void setResult(restic::protocol::TaskStatusReport report);

    struct Pending {
        bool started = false;
        std::uint64_t progressVersion = 0;
        std::optional<restic::protocol::Progress> progress;
        std::optional<restic::protocol::TaskStatusReport> result;
    };
    [[nodiscard]] Pending pending() const;

    /// Asks the running task to end. The first reason stays.
    void stop(restic::cli::StopReason reason);
    [[nodiscard]] restic::cli::StopReason stopReason() const noexcept { return stopReason_.load(); }
    [[nodiscard]] std::stop_token stopToken() const noexcept { return stopSource_.get_token(); }

    /// The server wants to hear no more of this attempt.
    void abandon() noexcept { abandoned_ = true; }
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_.load(); }

private:
    std::string taskId_;
    int attempt_;
    TaskLog log_;
    TaskItems items_;
    std::function<std::string(std::string)> redact_;
    mutable std::mutex mutex_;
    Pending pending_;
    std::atomic<restic::cli::StopReason> stopReason_{restic::cli::StopReason::none};
    std::stop_source stopSource_;
    std::atomic<bool> abandoned_{false};
};

} // namespace agent
