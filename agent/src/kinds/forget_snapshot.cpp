#include "kinds/forget_snapshot.h"

#include <algorithm>

#include "core/wire.h"
#include "restic/protocol/names.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace task_errors = restic::protocol::task_errors;
using restic::cli::SnapshotInfo;
using restic::protocol::TaskError;

std::optional<TaskError> ForgetSnapshotRun::work(const restic::cli::RepositoryAccess& repository,
                                                 const std::stop_token& stop) {
    const auto isIt = [this](const SnapshotInfo& one) { return one.id == id(); };
    const auto before = list(repository, stop);
    if (const auto* error = std::get_if<TaskError>(&before))
        return *error;
    const auto& known = std::get<std::vector<SnapshotInfo>>(before);
    const auto found = std::find_if(known.begin(), known.end(), isIt);
    if (found != known.end()) {
        if (std::find(found->tags.begin(), found->tags.end(), restic::protocol::kPinned) != found->tags.end())
            return task_errors::make(task_errors::kInvalidTask,
                                     "The snapshot is pinned; it is kept until somebody lets it go");
        if (auto failed = must(repository, {"forget", id()}, stop))
            return failed;
        // Before 0.17 restic ends well also where it could not remove the file.
        const auto after = list(repository, stop);
        if (const auto* error = std::get_if<TaskError>(&after))
            return *error;
        const auto& left = std::get<std::vector<SnapshotInfo>>(after);
        if (std::any_of(left.begin(), left.end(), isIt))
            return task_errors::make(task_errors::kCommandFailed,
                                     "restic could not remove the snapshot; it is still in the repository");
        noteRemovedLock();
    } else {
        report().log(core::LogLevel::info, "The snapshot is gone already");
    }
    result_.snapshotsRemoved = found != known.end() ? 1 : 0;
    result_.removedIds = {id()};
    return std::nullopt;
}

core::json::Object ForgetSnapshotRun::result(restic::protocol::TaskResult common) {
    static_cast<restic::protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
