#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "executor/outbox.h"
#include "executor/task_run.h"
#include "restic/cli/repository_access.h"
#include "restic/protocol/notices.h"
#include "restic/protocol/task_messages.h"
#include "restic/protocol/task_state.h"

namespace agent {

/// What one attempt tells: the lines of its log, its notices, and at the end its result, which stands in the
/// journal before the server hears of it. One thread.
class TaskReport {
public:
    /// More notices are in the log only.
    static constexpr std::size_t kMostNotices = 32;

    TaskReport(const TaskServices& services, std::shared_ptr<Outbox> outbox)
        : services_(services), outbox_(std::move(outbox)) {}

    [[nodiscard]] Outbox& outbox() noexcept { return *outbox_; }
    [[nodiscard]] const std::string& taskId() const noexcept { return outbox_->taskId(); }
    [[nodiscard]] int attempt() const noexcept { return outbox_->attempt(); }
    [[nodiscard]] restic::cli::StopReason stopReason() const noexcept { return outbox_->stopReason(); }
    [[nodiscard]] std::string redact(std::string text) const { return outbox_->redact(std::move(text)); }

    /// When restic was started for it, and which one.
    void setStarted(core::Instant at) noexcept { startedAt_ = at; }
    void setResticVersion(std::string version) { resticVersion_ = std::move(version); }
    [[nodiscard]] core::Instant startedAt() const noexcept { return startedAt_; }
    [[nodiscard]] const std::string& resticVersion() const noexcept { return resticVersion_; }

    /// Passwords and keys of the repository are masked in every log from now on.
    void hideSecrets(const restic::cli::RepositoryAccess& repository);

    void log(core::LogLevel level, const std::string& message, LogPosition position = {});
    /// A line that tells how the task ended; there is always room for it.
    void logOutcome(core::LogLevel level, const std::string& message);
    /// What a person should read, in log and result.
    void note(const restic::protocol::notices::Kind& kind, std::string message);
    [[nodiscard]] const std::vector<restic::protocol::TaskNotice>& notices() const noexcept {
        return notices_;
    }

    /// The end of the attempt. What every result has is filled in here: times, version, notices.
    template <typename Result>
    void conclude(restic::protocol::TaskState state, Result result,
                  std::optional<restic::protocol::TaskError> error) {
        complete(result);
        conclude(state, result.outcome, *core::wire::toJson(result).object(), std::move(error));
    }
    /// Of a result as the kind has it.
    void complete(restic::protocol::TaskResult& result) const;
    void conclude(restic::protocol::TaskState state, const std::string& outcome, core::json::Object result,
                  std::optional<restic::protocol::TaskError> error);

private:
    const TaskServices& services_;
    std::shared_ptr<Outbox> outbox_;
    core::Instant startedAt_{};
    std::string resticVersion_;
    std::vector<restic::protocol::TaskNotice> notices_;
};

} // namespace agent
