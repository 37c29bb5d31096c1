#include "executor/repository_commands.h"

#include <algorithm>

#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;

constexpr auto kMost = 120s;
} // namespace

std::optional<core::ProcessResult> RepositoryCommands::run(const RepositoryAccess& repository,
                                                           const std::vector<std::string>& arguments,
                                                           const std::stop_token& stop,
                                                           std::optional<restic::protocol::TaskError>& error,
                                                           bool evenIfCancelled) const {
    auto command = services_.commands.on(repository, arguments);
    command.spec.standardOutput = core::ProcessOutput::capture(64U << 10U);
    command.spec.standardError = core::ProcessOutput::capture(64U << 10U);
    command.spec.timeout = evenIfCancelled ? kMost : std::min<std::chrono::milliseconds>(kMost, timeout_);
    std::stop_source either;
    const std::stop_callback byAgent(stop, [&] { either.request_stop(); });
    const std::stop_callback byServer(evenIfCancelled ? std::stop_token() : report_.outbox().stopToken(),
                                      [&] { either.request_stop(); });
    auto result = services_.runner.run(command.spec, either.get_token());
    if (!result) {
        const bool absent = &result.error().kind() == &core::errors::kProgramNotFound;
        error = task_errors::make(absent ? task_errors::kResticNotFound : task_errors::kAgentFailure,
                                  result.error().what());
        return std::nullopt;
    }
    if (result.value().cancelled) {
        error = task_errors::make(task_errors::kInterrupted);
        return std::nullopt;
    }
    if (result.value().timedOut) {
        error =
            task_errors::make(task_errors::kNetworkTimeout, "restic did not reach the repository in time");
        return std::nullopt;
    }
    return std::move(result).value();
}

} // namespace agent
