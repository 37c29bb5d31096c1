#include "tasks/kinds/test.h"

#include "repositories/place.h"
#include "repositories/repository_store.h"

namespace restic {

std::variant<core::json::Object, protocol::TaskError>
TestKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                  protocol::TaskPayload common) const {
    protocol::TestTask own;
    if (task.repository)
        if (const auto repository = RepositoryStore::find(tx, *task.repository))
            own.onceWorked = PlaceStore::firstSuccess(tx, placeOf(*repository, task.agent)).has_value();
    return written(std::move(common), std::move(own));
}

bool TestKind::provesRepository(const core::json::Value& result) const {
    return resultOf(result).found;
}

} // namespace restic
