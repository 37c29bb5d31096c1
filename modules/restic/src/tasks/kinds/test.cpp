#include "tasks/kinds/test.h"

#include "repositories/place.h"
#include "repositories/repository_store.h"
#include "restic/protocol/task_errors.h"

namespace restic {

namespace {
constexpr auto kForgotten =
    "The repository was not saved, and what it was tested with is no longer kept: test it again.";

/// As far as its place needs it.
Repository asIfSaved(const protocol::TaskRepository& unsaved) {
    Repository repository;
    repository.type = unsaved.type;
    repository.url = unsaved.url;
    repository.config = unsaved.config;
    return repository;
}
} // namespace

std::variant<core::json::Object, protocol::TaskError>
TestKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                  protocol::TaskPayload common) const {
    std::optional<Repository> repository;
    if (task.unsavedUntil) {
        // Without one the agent would test the repository of its own configuration.
        common.repository = unsaved_.find(tx, task.id);
        if (!common.repository)
            return protocol::task_errors::make(protocol::task_errors::kInvalidTask, kForgotten);
        repository = asIfSaved(*common.repository);
    } else if (task.repository)
        repository = RepositoryStore::find(tx, *task.repository);
    protocol::TestTask own;
    if (repository)
        own.onceWorked = PlaceStore::firstSuccess(tx, placeOf(*repository, task.agent)).has_value();
    return written(std::move(common), std::move(own));
}

bool TestKind::provesRepository(const core::json::Value& result) const {
    return resultOf(result).found;
}

void TestKind::ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
                     core::Instant now) const {
    MaintenanceKind::ended(tx, task, end, now);
    if (task.unsavedUntil)
        unsaved_.forget(tx, task.id);
}

std::optional<std::string> TestKind::whyNotAgain(const Task& ended) const {
    return ended.unsavedUntil ? std::optional<std::string>(kForgotten) : std::nullopt;
}

} // namespace restic
