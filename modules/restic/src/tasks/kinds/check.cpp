#include "tasks/kinds/check.h"

#include "repositories/check_subset.h"
#include "repositories/repository_store.h"
#include "repositories/schedule_store.h"

namespace restic {

void CheckKind::ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
                      core::Instant now) const {
    MaintenanceKind::ended(tx, task, end, now);
    if (!task.repository || end.state != protocol::TaskState::success)
        return;
    const auto read = CheckSubset::turns(task.parameters.stringOr("read_data_subset"));
    const auto repository = read ? RepositoryStore::find(tx, *task.repository) : std::nullopt;
    const auto turns = repository ? CheckSubset::turns(repository->checkSubset) : std::nullopt;
    if (turns && turns->parts == read->parts)
        ScheduleStore::partRead(tx, *task.repository, read->first,
                                CheckSubset::following(read->first, read->parts));
}

} // namespace restic
