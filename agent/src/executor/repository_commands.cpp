#include "executor/repository_commands.h"

#include <algorithm>

#include "core/line_splitter.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;

/// What is done after a cancelled restic: somebody waits for the end, and a storage that hangs may be why.
constexpr auto kMostAfterCancel = 15s;
constexpr auto kGraceAfterCancel = 5s;
constexpr std::size_t kKeptOutput = 64U << 10U;
} // namespace

std::optional<core::ProcessResult> RepositoryCommands::run(const restic::cli::RepositoryAccess& repository,
                                                           const std::vector<std::string>& arguments,
                                                           const std::stop_token& stop,
                                                           std::optional<restic::protocol::TaskError>& error,
                                                           bool evenIfCancelled) const {
    return run(repository, arguments, stop, error, evenIfCancelled, core::ProcessOutput::capture(kKeptOutput),
               kMost);
}

bool RepositoryCommands::readLines(const restic::cli::RepositoryAccess& repository,
                                   const std::vector<std::string>& arguments, const std::stop_token& stop,
                                   std::optional<restic::protocol::TaskError>& error,
                                   const std::function<void(std::string_view)>& line,
                                   std::chrono::milliseconds most) const {
    core::LineSplitter lines;
    const auto result =
        run(repository, arguments, stop, error, false,
            core::ProcessOutput::toSink([&](std::string_view piece) { lines.feed(piece, line); }), most);
    lines.finish(line);
    if (result && !result->exit.ok())
        error = task_errors::make(restic::cli::classifyFailure(result->exit, result->error),
                                  restic::cli::failureMessage(result->exit, result->error));
    return result && result->exit.ok();
}

std::optional<core::ProcessResult> RepositoryCommands::run(const restic::cli::RepositoryAccess& repository,
                                                           const std::vector<std::string>& arguments,
                                                           const std::stop_token& stop,
                                                           std::optional<restic::protocol::TaskError>& error,
                                                           bool evenIfCancelled, core::ProcessOutput output,
                                                           std::chrono::milliseconds most) const {
    auto command = services_.commands.on(repository, arguments);
    command.spec.standardOutput = std::move(output);
    command.spec.timeout = std::min(most, timeout_);
    if (evenIfCancelled) {
        command.spec.timeout = kMostAfterCancel;
        command.spec.interruptGrace =
            std::min<std::chrono::milliseconds>(command.spec.interruptGrace, kGraceAfterCancel);
    }
    std::stop_source either;
    const std::stop_callback byAgent(stop, [&] { either.request_stop(); });
    const std::stop_callback byServer(evenIfCancelled ? std::stop_token() : report_.outbox().stopToken(),
                                      [&] { either.request_stop(); });
    restic::cli::RetryWatch tries(patience_);
    command.spec.standardError = core::ProcessOutput::toSink([&](std::string_view piece) {
        if (tries.append(piece))
            either.request_stop();
    });
    auto result = services_.runner.run(command.spec, either.get_token());
    if (!result) {
        const bool absent = &result.error().kind() == &core::errors::kProgramNotFound;
        error = task_errors::make(absent ? task_errors::kResticNotFound : task_errors::kAgentFailure,
                                  result.error().what());
        return std::nullopt;
    }
    const auto said = tries.text() + command.saidBySsh();
    result.value().error = said;
    if (tries.ended()) {
        // It failed by itself, and only went on trying.
        result.value().exit = {.code = 1};
        return std::move(result).value();
    }
    if (result.value().cancelled) {
        error = task_errors::make(task_errors::kInterrupted);
        return std::nullopt;
    }
    if (result.value().timedOut) {
        const auto& cause = restic::cli::classifyFailure({.code = 1}, said);
        error = &cause == &task_errors::kCommandFailed
                    ? task_errors::make(task_errors::kNetworkTimeout,
                                        "restic did not reach the repository in time")
                    : task_errors::make(cause, restic::cli::failureMessage({.code = 1}, said));
        return std::nullopt;
    }
    return std::move(result).value();
}

} // namespace agent
