#include "tasks/kinds/stats.h"

#include "repositories/place.h"
#include "repositories/size_store.h"

namespace restic {

void StatsKind::ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
                      core::Instant now) const {
    SimpleKind::ended(tx, task, end, now);
    if (!task.repository || end.state != protocol::TaskState::success)
        return;
    const auto result = resultOf(end.result);
    const auto repository = RepositoryStore::find(tx, *task.repository);
    if (!repository || result.mode != protocol::StatsParameters().mode || !result.totalSize)
        return;
    // One folder's size would stand among those of other machines.
    if (isOnEachDisk(*repository) && !RepositoryStore::linksOfOthers(tx, repository->id, task.agent).empty())
        return;
    SizeStore::record(tx, repository->id, static_cast<std::int64_t>(*result.totalSize), now);
}

} // namespace restic
