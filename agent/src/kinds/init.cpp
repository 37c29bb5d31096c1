#include "kinds/init.h"

#include "core/wire.h"
#include "executor/repository_setup.h"
#include "restic/message.h"
#include "restic/protocol/task_errors.h"
#include "restic/verdict.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
} // namespace

InitRun::InitRun(const TaskServices& services, protocol::TaskPayload task, std::shared_ptr<Outbox> outbox)
    : services_(services), task_(std::move(task)), report_(services, std::move(outbox)),
      commands_(services, report_, timeLimit(task_, services.config)) {}

bool InitRun::run(const std::stop_token& stop) {
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
    const auto& repository = std::get<RepositoryAccess>(*access);
    report_.hideSecrets(repository);
    RepositorySetup setup(commands_, report_);
    if (const auto error = setup.prepare(repository, stop))
        return end(error, stop);
    result_.created = setup.created();
    // It proves as well that the repository opens with this password.
    std::optional<protocol::TaskError> error;
    const auto config = commands_.run(repository, {"cat", "config", "--no-lock"}, stop, error);
    if (!config)
        return end(error, stop);
    if (!config->exit.ok())
        return end(task_errors::make(classifyFailure(config->exit, config->error),
                                     failureMessage(config->exit, config->error)),
                   stop);
    const auto begin = config->output.find('{');
    if (begin != std::string::npos)
        if (const auto document = restic_json::read(std::string_view(config->output).substr(begin)))
            if (auto id = document->stringOr("id"); id.size() == 64)
                result_.repositoryId = std::move(id);
    if (!result_.created)
        report_.log(core::LogLevel::info, "There is a repository already; it is left as it is");
    return end(std::nullopt, stop);
}

bool InitRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    report_.setStarted(known.startedAt);
    return end(task_errors::make(task_errors::kInterrupted), stop);
}

bool InitRun::end(const std::optional<protocol::TaskError>& error, const std::stop_token& stop) {
    if (error && report_.stopReason() == StopReason::cancelled) {
        result_.outcome = "cancelled";
        report_.conclude(protocol::TaskState::cancelled, std::move(result_), std::nullopt);
        return true;
    }
    if (error && stop.stop_requested())
        return false;
    result_.outcome = error ? "failed" : "success";
    report_.conclude(
        error ? protocol::TaskState::failed : protocol::TaskState::success, std::move(result_),
        error ? std::optional(protocol::TaskError{error->error, report_.redact(error->message), error->hint})
              : std::nullopt);
    return true;
}

} // namespace agent
