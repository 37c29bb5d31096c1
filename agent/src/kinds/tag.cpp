#include "kinds/tag.h"

#include <algorithm>

#include "core/wire.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace task_errors = restic::protocol::task_errors;
using restic::cli::SnapshotInfo;
using restic::protocol::TaskError;

namespace {
const SnapshotInfo* find(const std::vector<SnapshotInfo>& all, const std::string& id) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == id; });
    return found == all.end() ? nullptr : &*found;
}
} // namespace

const SnapshotInfo* findTagged(const std::vector<SnapshotInfo>& now, const std::string& id,
                               const std::vector<SnapshotInfo>& before) {
    if (const auto* same = find(now, id))
        return same;
    const auto* was = find(before, id);
    // restic names the first of all that were written anew from one another.
    const auto& first = was != nullptr && was->original ? *was->original : id;
    for (const auto& one : now)
        if (one.original == first && find(before, one.id) == nullptr &&
            (was == nullptr || (one.time == was->time && one.tree == was->tree)))
            return &one;
    return nullptr;
}

std::optional<TaskError> TagRun::work(const restic::cli::RepositoryAccess& repository,
                                      const std::stop_token& stop) {
    const auto before = list(repository, stop);
    if (const auto* error = std::get_if<TaskError>(&before))
        return *error;
    const auto& known = std::get<std::vector<SnapshotInfo>>(before);
    const auto* snapshot = findTagged(known, id(), {});
    if (snapshot == nullptr)
        return task_errors::make(task_errors::kInvalidTask,
                                 "The snapshot " + id().substr(0, 8) + " is no longer in the repository");
    std::vector<std::string> arguments{"tag"};
    for (const auto& tag : parameters_.add)
        arguments.push_back("--add=" + tag);
    for (const auto& tag : parameters_.remove)
        arguments.push_back("--remove=" + tag);
    arguments.push_back(snapshot->id);
    if (auto failed = must(repository, arguments, stop))
        return failed;
    const auto after = list(repository, stop);
    if (const auto* error = std::get_if<TaskError>(&after))
        return *error;
    const auto* tagged = findTagged(std::get<std::vector<SnapshotInfo>>(after), snapshot->id, known);
    if (tagged == nullptr)
        return task_errors::make(task_errors::kCommandFailed,
                                 "restic changed the tags, and the snapshot is in none of its lists");
    result_.snapshotId = tagged->id;
    result_.tags = tagged->tags;
    report().log(core::LogLevel::info, "The snapshot is called " + tagged->id.substr(0, 8) + " now");
    noteRemovedLock();
    return std::nullopt;
}

core::json::Object TagRun::result(restic::protocol::TaskResult common) {
    static_cast<restic::protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
