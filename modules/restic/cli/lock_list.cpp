#include "restic/cli/lock_list.h"

#include <fstream>

#include <fmt/format.h>

#include "core/text.h"
#include "restic/cli/json_message.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/snapshot_id.h"
#include "restic/protocol/task_errors.h"

namespace restic::cli {

namespace {
constexpr std::size_t kMostOfLock = 64U << 10U;
constexpr std::size_t kMostOfName = 256;

/// What another machine wrote into the repository.
std::string nameIn(const core::json::Value& lock, std::string_view field) {
    return core::printable(lock.stringOr(field)).substr(0, kMostOfName);
}
} // namespace

std::vector<std::string> LockList::arguments(int step) const {
    if (step == 0)
        return {"list", "locks", "--no-lock"};
    const auto lock = static_cast<std::size_t>(step) - 1;
    if (lock >= ids_.size())
        return {};
    return {"cat", "lock", ids_[lock], "--no-lock"};
}

void LockList::text(int step, std::string_view line) {
    if (step != 0 || protocol::checkSnapshotId(std::string(line)))
        return;
    ++count_;
    if (ids_.size() < protocol::kMostLocks)
        ids_.emplace_back(line);
}

void LockList::document(int step, const std::filesystem::path& file, std::uint64_t offset) {
    if (step <= 0)
        return;
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset));
    std::string text(kMostOfLock, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    const auto begin = text.find('{');
    const auto document =
        begin == std::string::npos ? std::nullopt : json::read(std::string_view(text).substr(begin));
    if (!document)
        return;
    protocol::RepositoryLock lock;
    lock.id = ids_.at(static_cast<std::size_t>(step) - 1);
    lock.exclusive = document->booleanOr("exclusive");
    lock.hostname = nameIn(*document, "hostname");
    lock.username = nameIn(*document, "username");
    lock.pid = document->integerOr("pid");
    lock.time = core::parseInstant(document->stringOr("time"));
    locks_.push_back(std::move(lock));
}

bool LockList::isGone(int step, const core::ProcessExit& exit, std::string_view errors) {
    return step > 0 && exit.known && exit.signal == 0 && exit.code != 0 &&
           &classifyFailure(exit, errors) == &protocol::task_errors::kCommandFailed;
}

void LockList::writeTo(protocol::LocksResult& result) const {
    // One that went away meanwhile is held by nobody.
    result.lockCount = count_ - (ids_.size() - locks_.size());
    result.locks = locks_;
}

std::string describe(const protocol::RepositoryLock& lock) {
    return fmt::format("{}PID {} on {} by {}{}", lock.exclusive ? "exclusive: " : "", lock.pid, lock.hostname,
                       lock.username,
                       lock.time ? ", since " + core::formatInstant(*lock.time).substr(0, 19) : "");
}

} // namespace restic::cli
