#include "executor/short_run.h"

#include <algorithm>

#include "restic/protocol/task_errors.h"
#include "restic/task_repository.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
} // namespace

ShortRun::ShortRun(const TaskServices& services, protocol::TaskPayload task, std::shared_ptr<Outbox> outbox,
                   restic::cli::RetryPatience patience)
    : services_(services), task_(std::move(task)), report_(services, std::move(outbox)),
      commands_(services, report_, timeLimit(task_, services.config), patience) {}

bool ShortRun::run(const std::stop_token& stop) {
    report_.setStarted(services_.clock.now());
    const auto version = services_.restic.version();
    if (!version)
        return end(task_errors::make(task_errors::kResticNotFound, services_.restic.problem()), stop);
    report_.setResticVersion(version->toString());
    auto access = commands_.look(
        [task = task_, config = services_.config, hostname = services_.hostname, version] {
            return planAccess(task, {config, hostname, version});
        },
        stop);
    if (!access)
        return end(task_errors::make(task_errors::kCommandTimeout, "A file system does not answer"), stop);
    if (const auto* error = std::get_if<protocol::TaskError>(&*access))
        return end(*error, stop);
    const auto& repository = std::get<restic::cli::RepositoryAccess>(*access);
    report_.hideSecrets(repository);
    return end(work(repository, stop), stop);
}

bool ShortRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    report_.setStarted(known.startedAt);
    return end(task_errors::make(task_errors::kInterrupted), stop);
}

bool ShortRun::end(const std::optional<protocol::TaskError>& error, const std::stop_token& stop) {
    const bool cancelled = error && report_.stopReason() == restic::cli::StopReason::cancelled;
    if (error && !cancelled && stop.stop_requested())
        return false;
    protocol::TaskResult common;
    const auto& notices = report_.notices();
    const bool warns =
        noticesWarn() && std::any_of(notices.begin(), notices.end(), [](const protocol::TaskNotice& notice) {
            return protocol::notices::warns(notice.code);
        });
    common.outcome = cancelled ? "cancelled" : error ? "failed" : warns ? "warning" : "success";
    report_.complete(common);
    const auto state = cancelled ? protocol::TaskState::cancelled
                       : error   ? protocol::TaskState::failed
                       : warns   ? protocol::TaskState::warning
                                 : protocol::TaskState::success;
    const auto outcome = common.outcome;
    report_.conclude(state, outcome, result(std::move(common)),
                     error && !cancelled ? std::optional(protocol::TaskError{
                                               error->error, report_.redact(error->message), error->hint})
                                         : std::nullopt);
    return true;
}

} // namespace agent
