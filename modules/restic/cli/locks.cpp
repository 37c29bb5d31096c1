#include "restic/cli/locks.h"

#include <fmt/format.h>

#include "core/wire.h"

namespace restic::cli {

std::vector<std::string> Locks::arguments(int step) {
    step_ = step;
    return list_.arguments(step);
}

std::optional<Verdict> Locks::judge(int step, const core::ProcessExit& exit, const std::string& errors) {
    if (LockList::isGone(step, exit, errors))
        return Verdict{protocol::TaskState::success, "success", std::nullopt};
    return std::nullopt;
}

core::json::Object Locks::result(protocol::TaskResult common) {
    protocol::LocksResult result;
    if (common.outcome == "success")
        list_.writeTo(result);
    static_cast<protocol::TaskResult&>(result) = std::move(common);
    return *core::wire::toJson(result).object();
}

std::string Locks::summary() const {
    protocol::LocksResult result;
    list_.writeTo(result);
    if (result.locks.empty())
        return "Nobody holds the repository";
    return fmt::format("{}: {}",
                       result.lockCount == 1 ? "1 lock" : fmt::format("{} locks", *result.lockCount),
                       describe(result.locks.front()));
}

} // namespace restic::cli
