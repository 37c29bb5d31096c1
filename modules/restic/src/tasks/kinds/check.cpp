#include "tasks/kinds/check.h"

#include "errors.h"
#include "repositories/check_subset.h"
#include "repositories/damage_store.h"
#include "repositories/repository_store.h"
#include "repositories/schedule_store.h"
#include "restic/protocol/task_errors.h"

namespace restic {

namespace {
/// A lock, a password or a storage that is away says nothing of the data.
bool saysDamage(const std::optional<std::string>& error) {
    return error == protocol::task_errors::kRepositoryCorrupted.name ||
           error == protocol::task_errors::kRepositoryNotFound.name;
}

/// How much of the data, in the words of RepositoryDamage.
std::string readBy(const Task& task) {
    return task.parameters.booleanOr("read_data") ? "all" : task.parameters.stringOr("read_data_subset");
}
} // namespace

void CheckKind::check(const Task& task, const std::optional<Policy>& /*policy*/) const {
    if (task.parameters.booleanOr("read_data") && !task.parameters.stringOr("read_data_subset").empty())
        throw core::Error(errors::kInvalidParameters,
                          "read_data reads all of the data and read_data_subset a part: give one of them.",
                          {{"/parameters/read_data_subset", "and read_data exclude each other"}});
}

void CheckKind::ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
                      core::Instant now) const {
    MaintenanceKind::ended(tx, task, end, now);
    if (!task.repository)
        return;
    if (end.state == protocol::TaskState::failed && saysDamage(end.error))
        DamageStore::record(
            tx, {*task.repository, task.id, *end.error, end.message.value_or(""), readBy(task), now});
    if (end.state != protocol::TaskState::success)
        return;
    DamageStore::disprove(tx, *task.repository, readBy(task));
    const auto read = CheckSubset::turns(task.parameters.stringOr("read_data_subset"));
    const auto repository = read ? RepositoryStore::find(tx, *task.repository) : std::nullopt;
    const auto turns = repository ? CheckSubset::turns(repository->checkSubset) : std::nullopt;
    if (turns && turns->parts == read->parts)
        ScheduleStore::partRead(tx, *task.repository, read->first,
                                CheckSubset::following(read->first, read->parts));
}

} // namespace restic
