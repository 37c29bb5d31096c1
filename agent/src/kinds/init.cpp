#include "kinds/init.h"

#include "core/wire.h"
#include "executor/repository_setup.h"
#include "restic/cli/repository_document.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

std::optional<protocol::TaskError> InitRun::work(const restic::cli::RepositoryAccess& repository,
                                                 const std::stop_token& stop) {
    RepositorySetup setup(commands(), report());
    if (auto error = setup.prepare(repository, stop))
        return error;
    result_.created = setup.created();
    // It proves as well that the repository opens with this password.
    std::optional<protocol::TaskError> error;
    const auto config = commands().run(repository, restic::cli::kShowRepository, stop, error);
    if (!config)
        return error;
    if (!config->exit.ok())
        return task_errors::make(restic::cli::classifyFailure(config->exit, config->error),
                                 restic::cli::failureMessage(config->exit, config->error));
    result_.repositoryId = restic::cli::readRepositoryDocument(config->output).id;
    if (!result_.created)
        report().log(core::LogLevel::info, "There is a repository already; it is left as it is");
    return std::nullopt;
}

core::json::Object InitRun::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
