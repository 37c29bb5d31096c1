#include "kinds/test.h"

#include "core/wire.h"
#include "executor/repository_setup.h"
#include "files/path_look.h"
#include "restic/cli/repository_document.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

std::optional<protocol::TaskError> TestRun::work(const restic::cli::RepositoryAccess& repository,
                                                 const std::stop_token& stop) {
    if (const auto folder = repository.localFolder()) {
        const auto found = RepositorySetup(commands(), report()).lookInFolder(repository, *folder, stop);
        if (const auto* error = std::get_if<protocol::TaskError>(&found))
            return *error;
        if (std::get<RepositorySetup::Place>(found) == RepositorySetup::Place::empty) {
            const auto parent = folder->parent_path();
            result_.missingFolder =
                commands().look([parent] { return highestMissing(parent); }, stop).value_or(std::nullopt);
            return emptyPlace();
        }
    }
    std::optional<protocol::TaskError> error;
    const auto shown = commands().run(repository, restic::cli::kShowRepository, stop, error);
    if (!shown)
        return error;
    if (shown->exit.ok()) {
        const auto document = restic::cli::readRepositoryDocument(shown->output);
        result_.found = true;
        result_.repositoryId = document.id;
        result_.version = document.version;
        return std::nullopt;
    }
    const auto& kind = restic::cli::classifyFailure(shown->exit, shown->error);
    if (&kind == &task_errors::kRepositoryNotFound &&
        restic::cli::saysRepositoryIsAbsent(shown->exit, shown->error))
        return emptyPlace();
    return task_errors::make(kind, restic::cli::failureMessage(shown->exit, shown->error));
}

std::optional<protocol::TaskError> TestRun::emptyPlace() {
    if (onceWorked_)
        return task_errors::make(task_errors::kRepositoryNotFound,
                                 "The storage answers, but the repository that once worked there is gone");
    return std::nullopt;
}

core::json::Object TestRun::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
