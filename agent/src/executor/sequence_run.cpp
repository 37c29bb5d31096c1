#include "executor/sequence_run.h"

#include "restic/cli/json_message.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

/// What restic 0.17 and later put into JSON where a command has --json.
std::string plainWords(const std::string& errors) {
    const auto document = restic::cli::json::read(errors);
    return document && document->stringOr("message_type") == "exit_error" ? document->stringOr("message")
                                                                          : errors;
}
} // namespace

std::variant<std::string, protocol::TaskError>
SequenceRun::outputOf(const restic::cli::RepositoryAccess& repository,
                      const std::vector<std::string>& arguments, const std::stop_token& stop) {
    std::optional<protocol::TaskError> error;
    auto ended = commands().run(repository, arguments, stop, error);
    if (ended && !ended->exit.ok() && locks_.removeAfter(repository, ended->exit, ended->error, stop))
        ended = commands().run(repository, arguments, stop, error);
    if (!ended)
        return error.value();
    if (ended->exit.ok())
        return std::move(ended->output);
    const auto words = plainWords(ended->error);
    return task_errors::make(restic::cli::classifyFailure(ended->exit, words),
                             restic::cli::failureMessage(ended->exit, words));
}

std::optional<protocol::TaskError> SequenceRun::must(const restic::cli::RepositoryAccess& repository,
                                                     const std::vector<std::string>& arguments,
                                                     const std::stop_token& stop) {
    auto output = outputOf(repository, arguments, stop);
    if (auto* error = std::get_if<protocol::TaskError>(&output))
        return std::move(*error);
    return std::nullopt;
}

} // namespace agent
