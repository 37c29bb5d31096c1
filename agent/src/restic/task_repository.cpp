#include "restic/task_repository.h"

#include "restic/protocol/repository_config.h"
#include "restic/protocol/repository_kinds.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;

protocol::TaskError invalid(std::string message) {
    return protocol::task_errors::make(protocol::task_errors::kInvalidTask, std::move(message));
}

/// The one of the agent's configuration, as a task would name it.
protocol::TaskRepository ofMachine(const Config::Repository& own) {
    protocol::TaskRepository given;
    given.url = own.url;
    if (const auto* kind = protocol::kindOfAddress(own.url))
        given.type = kind->name;
    given.config = own.config;
    if (!own.passwordFile.empty())
        given.passwordFile = own.passwordFile;
    if (!own.certFile.empty())
        given.certFile = own.certFile;
    return given;
}
} // namespace

std::variant<restic::cli::RepositoryAccess, protocol::TaskError> planAccess(const protocol::TaskPayload& task,
                                                                            const PlanContext& context) {
    const auto& config = context.config;
    if (!task.repository && !config.repository)
        return invalid("The task names no repository, and the agent's configuration has none");
    if (task.repository)
        if (const auto* kind = protocol::kindOfAddress(task.repository->url);
            kind != nullptr && kind->name == task.repository->type)
            if (const auto wrong = protocol::problemsOfAddress(*kind, task.repository->url); !wrong.empty())
                return invalid("The repository's address " + wrong.front());
    return restic::cli::accessTo(task.repository ? *task.repository : ofMachine(*config.repository),
                                 {config.restic.configDir, config.restic.allowBackends, context.restic});
}

std::optional<std::filesystem::path> localFolderOf(const protocol::TaskPayload& task) {
    return task.repository ? restic::cli::localFolderOf(task.repository->type, task.repository->url)
                           : std::nullopt;
}

bool addressIsWithheld(const protocol::TaskPayload& task) {
    return task.repository && task.repository->url == task.repository->type + ":";
}

void removeSecrets(protocol::TaskPayload& task) {
    if (task.repository) {
        task.repository->password.reset();
        task.repository->newPassword.reset();
        task.repository->environment.clear();
        task.repository->secrets.clear();
        // "rest:https://user:password@host/" is an address too.
        const auto* kind = protocol::kindOfAddress(task.repository->url);
        if (kind == nullptr || !kind->onDisk)
            task.repository->url = task.repository->type + ":";
    }
}

} // namespace agent
