#include "tasks/kinds/keys.h"

#include "repositories/repository_store.h"
#include "restic/protocol/task_errors.h"

namespace restic {

namespace {
constexpr auto kForgotten = "The new password is no longer kept: change the password again.";
} // namespace

std::variant<core::json::Object, protocol::TaskError>
AddKeyKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                    protocol::TaskPayload common) const {
    auto password = passwords_.find(tx, task.id);
    if (!password || !common.repository)
        return protocol::task_errors::make(protocol::task_errors::kInvalidTask, kForgotten);
    common.repository->newPassword = std::move(*password);
    return core::json::Object(*core::wire::toJson(common).object());
}

void AddKeyKind::ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
                       core::Instant now) const {
    MaintenanceKind::ended(tx, task, end, now);
    // A repository that was removed meanwhile has no secrets any more.
    const bool worked =
        end.state == protocol::TaskState::success || end.state == protocol::TaskState::warning;
    if (worked && task.repository && RepositoryStore::find(tx, *task.repository))
        passwords_.makeRepositorys(tx, task.id, *task.repository);
    passwords_.forget(tx, task.id);
}

std::optional<TaskRequest> AddKeyKind::next(const Task& ended) const {
    const auto old = resultOf(ended.result).oldKeyId;
    if (!old)
        return std::nullopt;
    TaskRequest request;
    request.type = protocol::kinds::removeKey.name;
    request.agent = ended.agent;
    request.repository = ended.repository;
    request.parameters = core::json::Object{{"key_id", *old}};
    request.priority = ended.priority;
    return request;
}

std::optional<std::string> AddKeyKind::whyNotAgain(const Task& /*ended*/) const {
    return kForgotten;
}

} // namespace restic
