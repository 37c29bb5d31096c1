#include "kinds/unlock.h"

#include <charconv>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "restic/message.h"
#include "restic/protocol/snapshot_id.h"

namespace agent {
namespace {
constexpr std::size_t kMostLocks = 20;
constexpr std::size_t kMostOfLock = 64U << 10U;
} // namespace

std::vector<std::string> Unlock::arguments(int step) {
    step_ = step;
    if (step == 0)
        return {"unlock"};
    if (step == 1)
        return {"list", "locks", "--no-lock"};
    const auto lock = static_cast<std::size_t>(step) - 2;
    if (lock >= locks_.size())
        return {};
    return {"cat", "lock", locks_[lock], "--no-lock"};
}

void Unlock::text(std::string_view line) {
    constexpr std::string_view kRemoved = "successfully removed ";
    if (step_ == 0 && line.starts_with(kRemoved)) {
        said_ = true;
        std::uint64_t count = 0;
        const auto number = line.substr(kRemoved.size());
        if (std::from_chars(number.data(), number.data() + number.size(), count).ec == std::errc{})
            result_.locksRemoved = count;
    } else if (step_ == 1 && !restic::protocol::checkSnapshotId(std::string(line)) &&
               locks_.size() < kMostLocks) {
        locks_.emplace_back(line);
    }
}

void Unlock::document(int step, const std::filesystem::path& file, std::uint64_t offset) {
    if (step < 2)
        return;
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset));
    std::string text(kMostOfLock, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    const auto begin = text.find('{');
    const auto lock =
        begin == std::string::npos ? std::nullopt : restic_json::read(std::string_view(text).substr(begin));
    if (!lock)
        return;
    result_.locksLeft.push_back(core::printable(
        fmt::format("{}PID {} on {} by {}, since {}", lock->booleanOr("exclusive") ? "exclusive: " : "",
                    lock->integerOr("pid"), lock->stringOr("hostname"), lock->stringOr("username"),
                    lock->stringOr("time").substr(0, 19))));
}

std::optional<Verdict> Unlock::judge(int step, const core::ProcessExit& exit, const std::string&) {
    // A lock may go away while it is looked at; that is what was wanted.
    if (step >= 2 && exit.known && exit.signal == 0)
        return Verdict{restic::protocol::TaskState::success, "success", std::nullopt};
    return std::nullopt;
}

core::json::Object Unlock::result(restic::protocol::TaskResult common) {
    // restic 0.15 and later say nothing where there was nothing to remove.
    if (common.outcome == "success" && !said_)
        result_.locksRemoved = 0;
    static_cast<restic::protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

std::string Unlock::summary() const {
    const auto left = result_.locksLeft.size();
    std::string removed = "No lock was removed";
    if (said_)
        removed = result_.locksRemoved
                      ? fmt::format("{} removed", *result_.locksRemoved == 1
                                                      ? "1 lock was"
                                                      : fmt::format("{} locks were", *result_.locksRemoved))
                      : "Locks that nobody held were removed, if there were any";
    return removed + (left == 0 ? "; none is left"
                                : fmt::format("; {} left, whose holder may be alive: {}",
                                              left == 1 ? "1 is" : fmt::format("{} are", left),
                                              result_.locksLeft.front()));
}

} // namespace agent
