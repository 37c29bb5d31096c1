#include "executor/task_report.h"

#include "core/wire.h"
#include "restic/protocol/names.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
using core::LogLevel;

void TaskReport::hideSecrets(const restic::cli::RepositoryAccess& repository) {
    auto& hub = services_.log.hub();
    if (repository.password)
        hub.addSecret(*repository.password);
    if (repository.newPassword)
        hub.addSecret(*repository.newPassword);
    for (const auto& [name, value] : repository.environment)
        if (protocol::environmentName(name) == protocol::EnvironmentName::secret)
            hub.addSecret(value);
    for (const auto& [field, secret] : repository.secretFiles)
        hub.addSecret(secret.content);
}

void TaskReport::log(LogLevel level, const std::string& message, LogPosition position) {
    outbox_->log().append(services_.clock.now(), level, redact(message), position);
}

void TaskReport::logOutcome(LogLevel level, const std::string& message) {
    outbox_->log().append(services_.clock.now(), level, redact(message), {}, true);
}

void TaskReport::note(const protocol::notices::Kind& kind, std::string message) {
    logOutcome(kind.warns ? LogLevel::warn : LogLevel::info, message);
    notices_.push_back({std::string(kind.code), redact(std::move(message))});
}

void TaskReport::complete(protocol::TaskResult& result) const {
    const auto now = services_.clock.now();
    if (!resticVersion_.empty())
        result.resticVersion = resticVersion_;
    result.startedAt = startedAt_;
    result.endedAt = now;
    if (!result.durationSeconds)
        result.durationSeconds = static_cast<double>((now - startedAt_).count()) / 1e6;
    result.notices = notices_;
}

void TaskReport::conclude(protocol::TaskState state, const std::string& outcome, core::json::Object result,
                          std::optional<protocol::TaskError> error) {
    std::optional<protocol::ResultItems> items;
    const bool endedWell = state == protocol::TaskState::success || state == protocol::TaskState::warning;
    if (endedWell && outbox_->items().tooMany()) {
        const auto failed = protocol::toText(protocol::TaskState::failed);
        result.set("outcome", failed);
        conclude(protocol::TaskState::failed, std::string(failed), std::move(result),
                 protocol::task_errors::make(protocol::task_errors::kResultTooLarge));
        return;
    }
    if (endedWell)
        items = outbox_->items().finish();
    if (error)
        logOutcome(LogLevel::error, error->error + ": " + error->message);
    protocol::TaskStatusReport report;
    report.attempt = attempt();
    report.status = protocol::toText(state);
    report.result = std::move(result);
    report.error = std::move(error);
    report.items = std::move(items);
    try {
        services_.journal.result(taskId(), attempt(), *core::wire::toJson(report).object());
    } catch (const core::Error& failure) {
        // It is reported all the same; only a crash before that would lose it.
        services_.log.error("A result could not be written to the journal",
                            {{"task_id", taskId()}, {"error", failure.what()}});
    }
    services_.log.info("Task finished",
                       {{"task_id", taskId()}, {"status", report.status}, {"outcome", outcome}});
    outbox_->setResult(std::move(report));
}

} // namespace agent
