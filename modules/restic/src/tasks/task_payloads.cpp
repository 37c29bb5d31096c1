#include "tasks/task_payloads.h"

#include "policies/target_store.h"
#include "restic/protocol/task_errors.h"

namespace restic {

using core::db::Transaction;

std::variant<protocol::Envelope, protocol::TaskError> TaskPayloads::make(Transaction& tx,
                                                                         const Task& task) const {
    protocol::TaskPayload common;
    common.taskId = task.id;
    common.attempt = task.attempt;
    common.type = task.type;
    common.policyId = task.policy;
    common.timeoutSeconds = task.timeoutSeconds;
    std::optional<Policy> policy;
    if (task.policy) {
        // What one agent saved may be cared for by another.
        const auto target = task.target ? TargetStore::find(tx, *task.target) : std::nullopt;
        policy =
            PolicyStore::findFor(tx, *task.policy, target && target->agent ? *target->agent : task.agent);
        if (!policy)
            return protocol::task_errors::make(protocol::task_errors::kInvalidTask,
                                               "The policy was deleted before the task began.");
        common.policyName = policy->name;
    }
    if (task.repository) {
        const auto repository = RepositoryStore::find(tx, *task.repository);
        if (!repository)
            return protocol::task_errors::make(protocol::task_errors::kRepositoryNotFound,
                                               "The repository was removed before the task began.");
        // It may have become so after the task was made.
        if (kinds_.get(task.type).declaration().removes && !repository->mayRemove(task.agent))
            return protocol::task_errors::make(protocol::task_errors::kInvalidTask,
                                               whyAppendOnly(*repository));
        common.repository = repositories_.of(tx, *repository);
    }
    auto payload = kinds_.get(task.type).payload(tx, task, policy, std::move(common));
    if (auto* error = std::get_if<protocol::TaskError>(&payload))
        return std::move(*error);
    return protocol::Envelope{task.id.toString() + "/" + std::to_string(task.attempt),
                              std::string(protocol::envelope_type::kRequest), task.type,
                              std::get<core::json::Object>(std::move(payload))};
}

} // namespace restic
