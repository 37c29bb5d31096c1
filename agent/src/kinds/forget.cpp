#include "kinds/forget.h"

#include <fmt/format.h>

#include "core/wire.h"
#include "restic/protocol/task_errors.h"
#include "restic/retention.h"

namespace agent {
namespace task_errors = restic::protocol::task_errors;

std::string sentenceOf(const restic::protocol::ForgetResult& result) {
    const auto removed = result.snapshotsRemoved.value_or(0);
    return fmt::format("{} removed, {} kept",
                       removed == 1 ? "1 snapshot" : fmt::format("{} snapshots", removed),
                       result.snapshotsKept.value_or(0));
}

std::optional<restic::cli::Verdict> judgeForget(const restic::cli::ForgetOutput& output,
                                                const core::ProcessExit& exit) {
    const bool failedSome = exit.known && exit.signal == 0 && exit.code == 3;
    if (!failedSome && !output.couldNotRemove())
        return std::nullopt;
    return restic::cli::Verdict{
        restic::protocol::TaskState::failed, "failed",
        task_errors::make(task_errors::kCommandFailed,
                          "restic could not remove all of the snapshots that it should")};
}

std::optional<restic::protocol::TaskError> Forget::problem() const {
    if (keepsSomething(task_.retention))
        return std::nullopt;
    return task_errors::make(
        task_errors::kInvalidTask,
        "The retention keeps nothing, so every snapshot would be removed; that is never done");
}

std::vector<std::string> Forget::arguments(int step) {
    if (step != 0)
        return {};
    return forgetArguments(task_, task_, task_, context_.hostname);
}

void Forget::document(int, const std::filesystem::path& file, std::uint64_t offset) {
    output_.read(file, offset);
}

bool Forget::complete(int step) const {
    return step == 0 && output_.complete();
}

std::optional<restic::cli::Verdict> Forget::judge(int, const core::ProcessExit& exit, const std::string&) {
    return judgeForget(output_, exit);
}

core::json::Object Forget::result(restic::protocol::TaskResult common) {
    restic::protocol::ForgetResult result;
    output_.fill(result);
    static_cast<restic::protocol::TaskResult&>(result) = std::move(common);
    return *core::wire::toJson(result).object();
}

std::string Forget::summary() const {
    restic::protocol::ForgetResult result;
    output_.fill(result);
    return sentenceOf(result);
}

} // namespace agent
