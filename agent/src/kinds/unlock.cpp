#include "kinds/unlock.h"

#include <charconv>

#include <fmt/format.h>

#include "core/wire.h"

namespace agent {
namespace protocol = restic::protocol;

std::vector<std::string> Unlock::arguments(int step) {
    step_ = step;
    if (step == 0)
        return {"unlock"};
    return left_.arguments(step - 1);
}

void Unlock::text(std::string_view line) {
    if (step_ > 0) {
        left_.text(step_ - 1, line);
        return;
    }
    constexpr std::string_view kRemoved = "successfully removed ";
    if (!line.starts_with(kRemoved))
        return;
    said_ = true;
    std::uint64_t count = 0;
    const auto number = line.substr(kRemoved.size());
    if (std::from_chars(number.data(), number.data() + number.size(), count).ec == std::errc{})
        removed_ = count;
}

void Unlock::document(int step, const std::filesystem::path& file, std::uint64_t offset) {
    left_.document(step - 1, file, offset);
}

std::optional<restic::cli::Verdict> Unlock::judge(int step, const core::ProcessExit& exit,
                                                  const std::string& errors) {
    if (restic::cli::LockList::isGone(step - 1, exit, errors))
        return restic::cli::Verdict{protocol::TaskState::success, "success", std::nullopt};
    return std::nullopt;
}

core::json::Object Unlock::result(protocol::TaskResult common) {
    protocol::UnlockResult result;
    result.locksRemoved = removed_;
    if (common.outcome == "success") {
        // restic 0.15 and later say nothing where there was nothing to remove.
        if (!said_)
            result.locksRemoved = 0;
        left_.writeTo(result);
    }
    static_cast<protocol::TaskResult&>(result) = std::move(common);
    return *core::wire::toJson(result).object();
}

std::string Unlock::summary() const {
    protocol::LocksResult left;
    left_.writeTo(left);
    std::string removed = "No lock was removed";
    if (said_)
        removed = removed_
                      ? fmt::format("{} removed",
                                    *removed_ == 1 ? "1 lock was" : fmt::format("{} locks were", *removed_))
                      : "Locks that nobody held were removed, if there were any";
    if (left.locks.empty())
        return removed + "; none is left";
    return removed + fmt::format("; {} left, whose holder may be alive: {}",
                                 left.lockCount == 1 ? "1 is" : fmt::format("{} are", *left.lockCount),
                                 restic::cli::describe(left.locks.front()));
}

} // namespace agent
